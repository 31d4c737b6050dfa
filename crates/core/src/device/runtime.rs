//! What cubecl, burn's runtime on GPUs, tells of a started device.

#[cfg(not(target_family = "wasm"))]
use super::DeviceMemory;
use cubecl::logging::{LaunchObservation, LaunchObserver};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a device holds in its pools.
#[cfg(not(target_family = "wasm"))]
pub fn memory(device: &adjoint_backend::DispatchDevice) -> Option<DeviceMemory> {
    use adjoint_backend::DispatchDevice;
    let DispatchDevice::Cube(device) = device else { return None };
    let usage = device.client().memory_report(cubecl::MemoryScope::Device).usage();
    Some(DeviceMemory { used: usage.bytes_in_use, reserved: usage.bytes_reserved })
}

/// How often each kernel was launched.
#[derive(Default)]
struct Counts(Mutex<BTreeMap<&'static str, u64>>);

impl LaunchObserver for Counts {
    fn launched(&self, kernel: &'static str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(kernel).or_default() += 1;
    }
}

/// Kernels launched since the first call: their names in the order of the alphabet, and how often.
pub fn launches() -> Vec<(&'static str, u64)> {
    static COUNTS: OnceLock<(Arc<Counts>, LaunchObservation)> = OnceLock::new();
    let (counts, _) = COUNTS.get_or_init(|| {
        let counts = Arc::new(Counts::default());
        let observation = LaunchObservation::new(counts.clone());
        (counts, observation)
    });
    let counts = counts.0.lock().unwrap_or_else(PoisonError::into_inner);
    counts.iter().map(|(&kernel, &count)| (kernel, count)).collect()
}
