//! wgpu outside of browsers: Vulkan, Metal, Direct3D 12.

use super::{Adapter, Choice, Device, Result};
use adjoint_backend::wgpu::{try_init_setup, AutoGraphicsApi, RuntimeOptions, WgpuDevice, WgpuSetup};
use adjoint_backend::{CubeDevice, WgpuDeviceKind};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

struct Started {
    device: WgpuDevice,
    adapter: Adapter,
    setup: WgpuSetup,
}

type Outcome = std::result::Result<Arc<Started>, String>;

/// What was asked for so far: a device starts once, and fails once.
static STARTED: Mutex<Vec<(Choice, Outcome)>> = Mutex::new(Vec::new());

/// Nothing that panics runs while it is held, so a poisoned lock is still consistent.
fn table() -> MutexGuard<'static, Vec<(Choice, Outcome)>> {
    STARTED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn outcome(table: &[(Choice, Outcome)], choice: Choice) -> Option<Outcome> {
    table.iter().find(|(c, _)| *c == choice).map(|(_, outcome)| outcome.clone())
}

pub fn start(choice: Choice) -> Result<()> {
    started(choice).map(|_| ())
}

/// The device of burn, which is started if it was not.
pub fn started(choice: Choice) -> Result<WgpuDevice> {
    let mut table = table();
    let known = outcome(&table, choice);
    let found = known.unwrap_or_else(|| {
        // burn's initialisation may panic where no adapter exists; a panic must not leave the core.
        let fresh = catch_unwind(AssertUnwindSafe(|| find(&table, choice)));
        let fresh = fresh.unwrap_or_else(|_| Err("the graphics driver failed to start".into()));
        table.push((choice, fresh.clone()));
        fresh
    });
    found.map(|s| s.device.clone()).map_err(|why| {
        Device::WebGpu(choice).unavailable(format!("{why}; use device \"cpu\", or install a Vulkan driver."))
    })
}

/// Starts the device of a choice, or finds what another choice has started.
fn find(table: &[(Choice, Outcome)], choice: Choice) -> Outcome {
    match choice {
        Choice::HighPerformance => open(table, WgpuDevice::default()),
        Choice::LowPower => match CubeDevice::wgpu(WgpuDeviceKind::IntegratedGpu(0)) {
            Ok(CubeDevice::Wgpu(device)) => open(table, device),
            _ => outcome(table, Choice::HighPerformance).unwrap_or_else(|| open(table, WgpuDevice::default())),
        },
        Choice::Index(index) => {
            let all = listed();
            let device = all.get(usize::from(index)).cloned();
            open(
                table,
                device.ok_or_else(|| format!("adapters here are numbered from 0, and there are {}", all.len()))?,
            )
        }
    }
}

/// Kinds of adapters in the order of their indices: cards first, renderers in software last.
const KINDS: [&str; 5] = ["discrete", "integrated", "virtual", "other", "software"];

/// The adapters of this machine, kind by kind.
fn listed() -> Vec<WgpuDevice> {
    use WgpuDeviceKind::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
    let of_kind = |kind: WgpuDeviceKind| CubeDevice::enumerate(CubeDevice::Wgpu(WgpuDevice::from(kind)).to_id());
    let ids = [DiscreteGpu(0), IntegratedGpu(0), VirtualGpu(0), Other(0), Cpu].into_iter().flat_map(of_kind);
    let wgpu = |device| if let CubeDevice::Wgpu(device) = device { Some(device) } else { None };
    ids.map(CubeDevice::from_id).filter_map(wgpu).collect()
}

/// burn starts a device once: one that has started is shared.
fn open(table: &[(Choice, Outcome)], device: WgpuDevice) -> Outcome {
    let known = table.iter().filter_map(|(_, outcome)| outcome.as_ref().ok()).find(|s| s.device == device);
    if let Some(started) = known {
        return Ok(started.clone());
    }
    let options = RuntimeOptions::with_tasks_max(None).map_err(|e| e.to_string())?;
    let setup = try_init_setup::<AutoGraphicsApi>(&device, options).map_err(|e| e.to_string())?;
    let adapter = described(&setup.adapter.get_info());
    Ok(Arc::new(Started { device, adapter, setup }))
}

/// What a started device is.
pub fn adapter(choice: Choice) -> Option<Adapter> {
    outcome(&table(), choice)?.ok().map(|s| s.adapter.clone())
}

/// The adapters of this machine, in the order of `Choice::Index`; none before the first one has started.
pub fn adapters() -> Vec<Adapter> {
    let first = table().iter().find_map(|(_, outcome)| outcome.as_ref().ok().cloned());
    let Some(started) = first else { return vec![] };
    let list = || {
        let all = started.setup.instance.enumerate_adapters(started.setup.backend.into());
        let mut found: Vec<Adapter> = cubecl::future::block_on(all).iter().map(|a| described(&a.get_info())).collect();
        found.sort_by_key(|adapter| KINDS.iter().position(|kind| *kind == adapter.kind));
        found
    };
    catch_unwind(AssertUnwindSafe(list)).unwrap_or_default()
}

fn described(info: &adjoint_backend::wgpu::wgpu::AdapterInfo) -> Adapter {
    use adjoint_backend::wgpu::wgpu::DeviceType;
    let kind = match info.device_type {
        DeviceType::DiscreteGpu => "discrete",
        DeviceType::IntegratedGpu => "integrated",
        DeviceType::VirtualGpu => "virtual",
        DeviceType::Cpu => "software",
        DeviceType::Other => "other",
    };
    let words = [info.backend.to_str(), &info.driver, &info.driver_info];
    let driver = words.into_iter().filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ");
    Adapter { name: info.name.clone(), kind, driver, memory: None }
}
