//! Where tensors live: `cpu` (burn-flex), `webgpu` (burn's wgpu), `cuda` (behind a cargo feature).

use crate::error::{Error, Result};
use burn::backend::DispatchDevice;

/// A device, chosen at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// The processor, through burn-flex.
    Cpu,
    /// A GPU (or a software Vulkan device) through wgpu.
    WebGpu,
    /// An NVIDIA GPU.
    Cuda,
}

impl Device {
    /// Parses a device's name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "cpu" => Ok(Self::Cpu),
            "webgpu" => Ok(Self::WebGpu),
            "cuda" => Ok(Self::Cuda),
            other => Err(Error::device("unknown_device", format!("device '{other}' is not known; use cpu, webgpu or cuda"))),
        }
    }

    /// The name that users write.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::WebGpu => "webgpu",
            Self::Cuda => "cuda",
        }
    }

    /// Starts the device, so that later operators find it. Starting twice does nothing.
    #[cfg(not(target_family = "wasm"))]
    pub fn start(self) -> Result<()> {
        match self {
            Self::Cpu => Ok(()),
            Self::WebGpu => start_webgpu(),
            Self::Cuda if cfg!(feature = "cuda") => Ok(()),
            Self::Cuda => Err(Error::device("device_unavailable", "cuda: this build has no CUDA support; build with the cargo feature 'cuda'")),
        }
    }

    /// Starts the device; WASM builds have the processor only.
    #[cfg(target_family = "wasm")]
    pub fn start(self) -> Result<()> {
        match self {
            Self::Cpu => Ok(()),
            other => Err(Error::device("device_unavailable", format!("{}: this module has the cpu only", other.name()))),
        }
    }

    pub(crate) fn dispatch(self) -> Result<DispatchDevice> {
        match self {
            Self::Cpu => Ok(DispatchDevice::Flex(burn::backend::FlexDevice)),
            #[cfg(feature = "webgpu")]
            Self::WebGpu => {
                self.start()?;
                Ok(DispatchDevice::Cube(burn::backend::CubeDevice::Wgpu(Default::default())))
            }
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(DispatchDevice::Cube(burn::backend::CubeDevice::Cuda(Default::default()))),
            #[allow(unreachable_patterns)]
            other => Err(Error::device("device_unavailable", format!("{}: this build does not have this device", other.name()))),
        }
    }
}

#[cfg(all(feature = "webgpu", not(target_family = "wasm")))]
fn start_webgpu() -> Result<()> {
    use std::sync::OnceLock;
    static STARTED: OnceLock<std::result::Result<(), String>> = OnceLock::new();
    STARTED
        .get_or_init(|| {
            // burn's initialisation may panic where no adapter exists; a panic must not leave the core.
            match std::panic::catch_unwind(|| burn::tensor::Device::wgpu_options().init()) {
                Ok(Ok(_)) => Ok(()),
                Ok(Err(e)) => Err(e.to_string()),
                Err(_) => Err("the graphics driver failed to start".into()),
            }
        })
        .clone()
        .map_err(|e| Error::device("device_unavailable", format!("webgpu: {e}; use device \"cpu\", or install a Vulkan driver")))
}

#[cfg(all(not(feature = "webgpu"), not(target_family = "wasm")))]
fn start_webgpu() -> Result<()> {
    Err(Error::device("device_unavailable", "webgpu: this build has no WebGPU support"))
}
