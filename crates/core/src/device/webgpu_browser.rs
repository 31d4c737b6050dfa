//! wgpu in browsers, which request a GPU asynchronously and list none.

use super::{Adapter, Choice, Device, Result};
use adjoint_backend::wgpu::{try_init_setup_async, AutoGraphicsApi, RuntimeOptions, WgpuDevice, WgpuInitError};
use adjoint_backend::WgpuDeviceKind;
use std::sync::atomic::{AtomicBool, Ordering};

/// burn's runtimes start once, for high performance and for low power; a lost GPU needs a new instance of the module.
static STARTED: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];

/// The device of burn and whether it has started; `None` for an index.
fn device(choice: Choice) -> Option<(WgpuDevice, &'static AtomicBool)> {
    match choice {
        Choice::HighPerformance => Some((WgpuDevice::default(), &STARTED[0])),
        // To burn an integrated GPU is, in a browser, the preference for low power.
        Choice::LowPower => Some((WgpuDevice::from(WgpuDeviceKind::IntegratedGpu(0)), &STARTED[1])),
        Choice::Index(_) => None,
    }
}

pub fn start(choice: Choice) -> Result<()> {
    started(choice).map(|_| ())
}

pub fn started(choice: Choice) -> Result<WgpuDevice> {
    match device(choice) {
        Some((device, started)) if started.load(Ordering::Relaxed) => Ok(device),
        _ => {
            let name = Device::WebGpu(choice);
            Err(name.unavailable(format!("not started; call await init({{ device: \"{name}\" }}).")))
        }
    }
}

pub async fn start_async(choice: Choice, lost: fn(String)) -> Result<()> {
    let name = Device::WebGpu(choice);
    let Some((device, started)) = device(choice) else {
        return Err(name.unavailable("browsers list no adapters; use webgpu or webgpu:low-power."));
    };
    if started.load(Ordering::Relaxed) {
        return Ok(());
    }
    let unavailable = |e: WgpuInitError| name.unavailable(format!("{e}; use device \"cpu\"."));
    let options = RuntimeOptions::with_tasks_max(None).map_err(unavailable)?;
    let setup = try_init_setup_async::<AutoGraphicsApi>(&device, options).await.map_err(unavailable)?;
    setup.device.set_device_lost_callback(move |reason, message| {
        lost(format!("the browser lost the graphics device ({reason:?}): {message}"))
    });
    started.store(true, Ordering::Relaxed);
    Ok(())
}

/// The page knows more about it than wgpu.
pub fn adapter(_choice: Choice) -> Option<Adapter> {
    None
}

pub fn adapters() -> Vec<Adapter> {
    vec![]
}
