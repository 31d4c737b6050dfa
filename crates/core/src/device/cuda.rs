//! NVIDIA GPUs: the driver and the cards are looked for before cubecl starts, which would panic without them.

use super::{Adapter, Device, Result};
use adjoint_backend::{CubeDevice, CudaDevice};
use cudarc::driver::{result, sys, DriverError};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Mutex, OnceLock, PoisonError};

/// The cards that have started.
static STARTED: Mutex<Vec<u16>> = Mutex::new(Vec::new());

pub fn start(index: u16) -> Result<()> {
    let unavailable = |why: String| Device::Cuda(index).unavailable(format!("{why}; use device \"cpu\"."));
    let cards = cards().as_ref().map_err(|why| unavailable(why.clone()))?;
    if usize::from(index) >= cards.len() {
        return Err(unavailable(format!("cards here are numbered from 0, and there are {}", cards.len())));
    }
    let mut started = STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    if !started.contains(&index) {
        catch_unwind(|| CubeDevice::Cuda(device(index)).client().properties().identity.clone())
            .map_err(|_| unavailable(format!("{} does not start", cards[usize::from(index)].name)))?;
        started.push(index);
    }
    Ok(())
}

pub fn has_started(index: u16) -> bool {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner).contains(&index)
}

/// The device of burn.
pub fn device(index: u16) -> CudaDevice {
    CudaDevice::new(index.into())
}

pub fn adapter(index: u16) -> Option<Adapter> {
    cards().as_ref().ok()?.get(usize::from(index)).cloned()
}

pub fn adapters() -> Vec<Adapter> {
    cards().clone().unwrap_or_default()
}

/// The cards of this machine, or what is missing; looked for once.
fn cards() -> &'static std::result::Result<Vec<Adapter>, String> {
    static CARDS: OnceLock<std::result::Result<Vec<Adapter>, String>> = OnceLock::new();
    CARDS.get_or_init(|| {
        // A driver that lacks a function of CUDA's interface is a panic in cudarc.
        let found = catch_unwind(AssertUnwindSafe(probe));
        found.unwrap_or_else(|_| Err("the NVIDIA driver is too old for this build".into()))
    })
}

fn probe() -> std::result::Result<Vec<Adapter>, String> {
    // SAFETY: these load a library by its name and close it again; NVIDIA's have no side effects when loaded.
    let (driver, nvrtc) = unsafe { (sys::is_culib_present(), cudarc::nvrtc::sys::is_culib_present()) };
    if !driver {
        return Err("the NVIDIA driver (libcuda) was not found; install it".into());
    }
    if cfg!(feature = "cuda-nvrtc") && !nvrtc {
        return Err("NVRTC, CUDA's compiler (libnvrtc), was not found; install it".into());
    }
    let cards = match result::init() {
        Err(DriverError(sys::CUresult::CUDA_ERROR_NO_DEVICE)) => Err(String::from("the driver finds no NVIDIA card")),
        Err(error) => Err(format!("the NVIDIA driver does not start ({})", text(error))),
        Ok(()) => list().map_err(|error| format!("the NVIDIA driver does not list its cards ({})", text(error))),
    }?;
    if cards.is_empty() {
        return Err("the driver finds no NVIDIA card".into());
    }
    Ok(cards)
}

fn list() -> std::result::Result<Vec<Adapter>, DriverError> {
    let mut version = 0;
    // SAFETY: writes one number, which outlives the call.
    unsafe { sys::cuDriverGetVersion(&mut version) }.result()?;
    let driver = format!("CUDA {}.{}", version / 1000, version % 1000 / 10);
    (0..result::device::get_count()?)
        .map(|index| {
            let card = result::device::get(index)?;
            // SAFETY: the card was given by the driver just now.
            let memory = unsafe { result::device::total_mem(card) }?;
            Ok(Adapter {
                name: result::device::get_name(card)?,
                kind: "discrete",
                driver: driver.clone(),
                memory: Some(memory as u64),
            })
        })
        .collect()
}

/// What the driver calls an error.
fn text(error: DriverError) -> String {
    error.error_string().map_or_else(|_| format!("{:?}", error.0), |s| s.to_string_lossy().into_owned())
}
