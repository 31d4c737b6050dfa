//! What cubecl, burn's runtime on GPUs, tells of a started device.

#[cfg(not(target_family = "wasm"))]
use super::DeviceMemory;
use cubecl::logging::{LaunchObservation, LaunchObserver};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// What a device holds in its pools.
#[cfg(not(target_family = "wasm"))]
pub fn memory(device: &adjoint_backend::DispatchDevice) -> Option<DeviceMemory> {
    use adjoint_backend::DispatchDevice;
    let DispatchDevice::Cube(device) = device else { return None };
    let usage = device.client().memory_report(cubecl::MemoryScope::Device).usage();
    Some(DeviceMemory { used: usage.bytes_in_use, reserved: usage.bytes_reserved })
}

#[derive(Default)]
struct Count(AtomicU64);

impl LaunchObserver for Count {
    fn launched(&self, _kernel: &'static str) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// Kernels launched since the first call.
pub fn launches() -> u64 {
    static COUNT: OnceLock<(Arc<Count>, LaunchObservation)> = OnceLock::new();
    let (count, _) = COUNT.get_or_init(|| {
        let count = Arc::new(Count::default());
        let observation = LaunchObservation::new(count.clone());
        (count, observation)
    });
    count.0.load(Ordering::Relaxed)
}
