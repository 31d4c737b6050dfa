//! Where tensors live: `cpu` (burn-flex), `webgpu` (burn's wgpu), `cuda` (behind a cargo feature).

#[cfg(feature = "cuda")]
mod cuda;
#[cfg(feature = "gpu")]
mod runtime;
#[cfg(all(feature = "webgpu", not(target_family = "wasm")))]
mod webgpu;
#[cfg(all(feature = "webgpu", target_family = "wasm"))]
#[path = "device/webgpu_browser.rs"]
mod webgpu;

use crate::error::{Error, Result};
use adjoint_backend::DispatchDevice;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// A device, chosen at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// The CPU, through burn-flex.
    Cpu,
    /// A GPU (or a software Vulkan device) through wgpu.
    WebGpu(Choice),
    /// An NVIDIA GPU, by its place in CUDA's list.
    Cuda(u16),
}

/// Which of the adapters of wgpu.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Choice {
    /// The fastest one, by the judgement of wgpu or of the browser.
    HighPerformance,
    /// One that is built into the processor; where there is none, the fastest one.
    LowPower,
    /// By its place in the list of adapters of this machine; not in browsers, which list none.
    Index(u16),
}

/// What computes behind a GPU device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Its name, as the driver gives it.
    pub name: String,
    /// `discrete`, `integrated`, `virtual`, `software` (a renderer that computes on the CPU) or `other`.
    pub kind: &'static str,
    /// The driver and its version, as far as it says.
    pub driver: String,
    /// Bytes of its memory; `None` where the interface does not tell.
    pub memory: Option<u64>,
}

/// Bytes that a started GPU device holds for this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceMemory {
    /// Of values that are alive.
    pub used: u64,
    /// Taken from the driver, free ones that are kept for later values included.
    pub reserved: u64,
}

/// The largest place in a list of adapters that a name may have.
const LAST_INDEX: u16 = 8191;

impl Device {
    /// The fastest adapter of wgpu.
    pub const WEBGPU: Self = Self::WebGpu(Choice::HighPerformance);

    /// Parses a device's name: `cpu`, `webgpu`, `webgpu:high-performance` (the same), `webgpu:low-power`, `webgpu:1`,
    /// `cuda`, `cuda:0` (the same), `cuda:1`.
    pub fn parse(name: &str) -> Result<Self> {
        let index = |text: &str| {
            let canonical = text == "0" || !text.starts_with('0');
            let digits = canonical && text.bytes().all(|b| b.is_ascii_digit());
            text.parse().ok().filter(|&i: &u16| digits && i <= LAST_INDEX)
        };
        let found = match name.split_once(':') {
            None if name == "cpu" => Some(Self::Cpu),
            None if name == "webgpu" => Some(Self::WEBGPU),
            None if name == "cuda" => Some(Self::Cuda(0)),
            Some(("webgpu", "high-performance")) => Some(Self::WEBGPU),
            Some(("webgpu", "low-power")) => Some(Self::WebGpu(Choice::LowPower)),
            Some(("webgpu", text)) => index(text).map(|i| Self::WebGpu(Choice::Index(i))),
            Some(("cuda", text)) => index(text).map(Self::Cuda),
            _ => None,
        };
        found.ok_or_else(|| {
            let expected = "cpu, webgpu, webgpu:low-power, webgpu:<index>, cuda or cuda:<index>";
            Error::device("unknown_device", format!("device '{name}' came, expected {expected}."))
        })
    }

    /// Starts the device, so that later operators find it. Starting twice does nothing.
    pub fn start(self) -> Result<()> {
        match self {
            Self::Cpu => Ok(()),
            #[cfg(feature = "webgpu")]
            Self::WebGpu(choice) => webgpu::start(choice),
            #[cfg(not(feature = "webgpu"))]
            Self::WebGpu(_) => Err(self.unavailable("this build supports the cpu only; use device \"cpu\".")),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => cuda::start(index),
            #[cfg(not(feature = "cuda"))]
            Self::Cuda(_) => {
                Err(self.unavailable("this build has no CUDA support; build with the cargo feature 'cuda'."))
            }
        }
    }

    /// What computes behind the device once it has started, where the driver says so.
    pub fn adapter(self) -> Option<Adapter> {
        match self {
            #[cfg(feature = "webgpu")]
            Self::WebGpu(choice) => webgpu::adapter(choice),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => cuda::adapter(index),
            _ => None,
        }
    }

    /// The devices that this build knows: one of each kind, where a kind has several on this machine each of them by
    /// its place, and those that have started by another name. wgpu lists its adapters once `webgpu` has started.
    pub fn all() -> Vec<(Self, Option<Adapter>)> {
        let mut rows = vec![(Self::Cpu, None), (Self::WEBGPU, Self::WEBGPU.adapter())];
        #[cfg(feature = "webgpu")]
        {
            let low = Self::WebGpu(Choice::LowPower);
            rows.extend(low.adapter().map(|adapter| (low, Some(adapter))));
            rows.extend(by_place(webgpu::adapters(), |i| Self::WebGpu(Choice::Index(i))));
        }
        rows.push((Self::Cuda(0), Self::Cuda(0).adapter()));
        #[cfg(feature = "cuda")]
        rows.extend(by_place(cuda::adapters(), Self::Cuda).into_iter().skip(1));
        rows
    }

    /// What a started GPU device holds for this process; `None` of the cpu, which `memory` counts, and in browsers.
    pub fn memory(self) -> Option<DeviceMemory> {
        #[cfg(all(feature = "gpu", not(target_family = "wasm")))]
        if self != Self::Cpu && self.has_started() {
            return runtime::memory(&self.dispatch().ok()?);
        }
        None
    }

    /// As `start`, for a browser, where a GPU is requested asynchronously; `start` then only reports whether it has
    /// started.
    /// `lost` is called with the reason when the browser takes the GPU away.
    #[cfg(target_family = "wasm")]
    pub async fn start_async(self, lost: fn(String)) -> Result<()> {
        match self {
            #[cfg(feature = "webgpu")]
            Self::WebGpu(choice) => webgpu::start_async(choice, lost).await,
            other => {
                let _ = lost;
                other.start()
            }
        }
    }

    /// Chooses the type to which convolutions of networks round their operands, in the whole process: `float32`,
    /// `bf16` or `f16`.
    pub fn set_precision(self, name: &str) -> Result<()> {
        #[cfg(feature = "gpu")]
        {
            use crate::gpu::precision;
            let lacks = match self.dispatch()? {
                DispatchDevice::Cube(device) => !precision::supports(&device.client(), name),
                _ => name != "float32",
            };
            if !lacks && precision::choose(name).is_some() {
                return Ok(());
            }
        }
        if name == "float32" {
            return Ok(());
        }
        Err(Error::device(
            "precision_unavailable",
            format!("{self}: it does not compute with {name}; leave out init's option precision."),
        ))
    }

    pub(crate) fn dispatch(self) -> Result<DispatchDevice> {
        match self {
            Self::Cpu => Ok(DispatchDevice::Flex(adjoint_backend::FlexDevice)),
            #[cfg(feature = "webgpu")]
            Self::WebGpu(choice) => {
                Ok(DispatchDevice::Cube(adjoint_backend::CubeDevice::Wgpu(webgpu::started(choice)?)))
            }
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => {
                self.start()?;
                Ok(DispatchDevice::Cube(adjoint_backend::CubeDevice::Cuda(cuda::device(index))))
            }
            #[allow(unreachable_patterns)]
            _ => Err(self.unavailable("this build does not support this device; use device \"cpu\".")),
        }
    }

    #[cfg(all(feature = "gpu", not(target_family = "wasm")))]
    fn has_started(self) -> bool {
        match self {
            Self::Cpu => true,
            #[cfg(feature = "webgpu")]
            Self::WebGpu(choice) => webgpu::adapter(choice).is_some(),
            #[cfg(feature = "cuda")]
            Self::Cuda(index) => cuda::has_started(index),
            #[allow(unreachable_patterns)]
            _ => false,
        }
    }

    /// The error of a device that cannot be used here.
    fn unavailable(self, why: impl fmt::Display) -> Error {
        Error::device("device_unavailable", format!("{self}: {why}"))
    }
}

/// The name that users write.
impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::WebGpu(Choice::HighPerformance) => f.write_str("webgpu"),
            Self::WebGpu(Choice::LowPower) => f.write_str("webgpu:low-power"),
            Self::WebGpu(Choice::Index(i)) => write!(f, "webgpu:{i}"),
            Self::Cuda(0) => f.write_str("cuda"),
            Self::Cuda(i) => write!(f, "cuda:{i}"),
        }
    }
}

/// The rows of the adapters of a kind; of a single one only if it has started by its place.
#[cfg(feature = "gpu")]
fn by_place(adapters: Vec<Adapter>, device: impl Fn(u16) -> Device) -> Vec<(Device, Option<Adapter>)> {
    let several = adapters.len() > 1;
    let rows = adapters.into_iter().enumerate().map(|(i, adapter)| (device(i as u16), Some(adapter)));
    rows.filter(|(device, _)| several || device.adapter().is_some()).collect()
}

/// Allows the tensor cores of NVIDIA GPUs to round the operands of convolutions of networks to TF32, in the whole
/// process.
pub fn set_tf32(on: bool) {
    #[cfg(feature = "cuda")]
    crate::gpu::conv::tensor_cores::set_tf32(on);
    #[cfg(not(feature = "cuda"))]
    let _ = on;
}

/// Whether random numbers for GPUs are drawn there, others than on the CPU, in the whole process.
pub fn set_random_on_device(on: bool) {
    crate::gpu::random::set_allowed(on);
}

/// Tensors and lists that this process has sent to GPUs.
static UPLOADS: AtomicU64 = AtomicU64::new(0);

/// Counts what is sent to a device.
pub(crate) fn count_upload(device: Device) {
    if device != Device::Cpu {
        UPLOADS.fetch_add(1, Ordering::Relaxed);
    }
}

/// The number of tensors and lists that this process has sent to GPUs.
pub fn uploads() -> u64 {
    UPLOADS.load(Ordering::Relaxed)
}

/// The number of kernels that this process has launched on GPUs since the first call, which begins to count.
pub fn launches() -> u64 {
    kernels().iter().map(|(_, count)| count).sum()
}

/// As `launches`, by the names of the kernels.
pub fn kernels() -> Vec<(&'static str, u64)> {
    #[cfg(feature = "gpu")]
    return runtime::launches();
    #[cfg(not(feature = "gpu"))]
    Vec::new()
}
