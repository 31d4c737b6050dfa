//! Where tensors live: `cpu` (burn-flex), `webgpu` (burn's wgpu), `cuda` (behind a cargo feature).

use crate::burn::DispatchDevice;
use crate::error::{Error, Result};

/// A device, chosen at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Device {
    /// The CPU, through burn-flex.
    Cpu,
    /// A GPU (or a software Vulkan device) through wgpu.
    WebGpu,
    /// An NVIDIA GPU.
    Cuda,
}

/// What computes behind a GPU device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Adapter {
    /// Its name, as the driver gives it.
    pub name: String,
    /// `discrete`, `integrated`, `virtual`, `software` (a renderer that computes on the CPU) or `other`.
    pub kind: &'static str,
}

impl Device {
    /// Parses a device's name.
    pub fn parse(name: &str) -> Result<Self> {
        match name {
            "cpu" => Ok(Self::Cpu),
            "webgpu" => Ok(Self::WebGpu),
            "cuda" => Ok(Self::Cuda),
            other => {
                Err(Error::device("unknown_device", format!("device '{other}' came, expected cpu, webgpu or cuda.")))
            }
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
    pub fn start(self) -> Result<()> {
        match self {
            Self::Cpu => Ok(()),
            Self::WebGpu => webgpu::start(),
            Self::Cuda if cfg!(feature = "cuda") => Ok(()),
            Self::Cuda => Err(Error::device(
                "device_unavailable",
                "cuda: this build has no CUDA support; build with the cargo feature 'cuda'.",
            )),
        }
    }

    /// What computes behind the device once it has started, where the driver says so.
    pub fn adapter(self) -> Option<Adapter> {
        match self {
            Self::WebGpu => webgpu::adapter(),
            _ => None,
        }
    }

    /// As `start`, for a browser, where a GPU is requested asynchronously; `start` then only reports whether it has
    /// started.
    /// `lost` is called with the reason when the browser takes the GPU away.
    #[cfg(target_family = "wasm")]
    pub async fn start_async(self, lost: fn(String)) -> Result<()> {
        match self {
            Self::WebGpu => webgpu::start_async(lost).await,
            other => other.start(),
        }
    }

    pub(crate) fn dispatch(self) -> Result<DispatchDevice> {
        match self {
            Self::Cpu => Ok(DispatchDevice::Flex(crate::burn::FlexDevice)),
            #[cfg(feature = "webgpu")]
            Self::WebGpu => {
                self.start()?;
                Ok(DispatchDevice::Cube(crate::burn::CubeDevice::Wgpu(Default::default())))
            }
            #[cfg(feature = "cuda")]
            Self::Cuda => Ok(DispatchDevice::Cube(crate::burn::CubeDevice::Cuda(Default::default()))),
            #[allow(unreachable_patterns)]
            other => Err(Error::device(
                "device_unavailable",
                format!("{}: this build does not support this device; use device \"cpu\".", other.name()),
            )),
        }
    }
}

#[cfg(all(feature = "webgpu", not(target_family = "wasm")))]
mod webgpu {
    use super::{Adapter, Error, Result};
    use crate::burn::wgpu::{try_init_setup, AutoGraphicsApi, RuntimeOptions, WgpuDevice};
    use std::sync::OnceLock;

    static STARTED: OnceLock<std::result::Result<Adapter, String>> = OnceLock::new();

    pub fn start() -> Result<()> {
        STARTED
            .get_or_init(|| {
                // burn's initialisation may panic where no adapter exists; a panic must not leave the core.
                let start = || {
                    let options = RuntimeOptions::with_tasks_max(None)?;
                    try_init_setup::<AutoGraphicsApi>(&WgpuDevice::default(), options)
                };
                match std::panic::catch_unwind(start) {
                    Ok(Ok(setup)) => {
                        let info = setup.adapter.get_info();
                        Ok(Adapter { name: info.name, kind: kind(&format!("{:?}", info.device_type)) })
                    }
                    Ok(Err(e)) => Err(e.to_string()),
                    Err(_) => Err("the graphics driver failed to start".into()),
                }
            })
            .as_ref()
            .map(|_| ())
            .map_err(|e| {
                Error::device(
                    "device_unavailable",
                    format!("webgpu: {e}; use device \"cpu\", or install a Vulkan driver."),
                )
            })
    }

    pub fn adapter() -> Option<Adapter> {
        STARTED.get()?.as_ref().ok().cloned()
    }

    /// The kind of an adapter by its name in wgpu, which this crate does not depend on.
    fn kind(device_type: &str) -> &'static str {
        match device_type {
            "DiscreteGpu" => "discrete",
            "IntegratedGpu" => "integrated",
            "VirtualGpu" => "virtual",
            "Cpu" => "software",
            _ => "other",
        }
    }
}

#[cfg(all(feature = "webgpu", target_family = "wasm"))]
mod webgpu {
    use super::{Error, Result};
    use crate::burn::wgpu::{try_init_setup_async, AutoGraphicsApi, RuntimeOptions, WgpuDevice, WgpuInitError};
    use std::sync::atomic::{AtomicBool, Ordering};

    /// burn's runtime starts once; a lost GPU needs a new instance of the module.
    static STARTED: AtomicBool = AtomicBool::new(false);

    pub fn start() -> Result<()> {
        if STARTED.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(Error::device("device_unavailable", "webgpu: not started; call await init({ device: \"webgpu\" })."))
    }

    pub async fn start_async(lost: fn(String)) -> Result<()> {
        if STARTED.load(Ordering::Relaxed) {
            return Ok(());
        }
        let unavailable =
            |e: WgpuInitError| Error::device("device_unavailable", format!("webgpu: {e}; use device \"cpu\"."));
        let options = RuntimeOptions::with_tasks_max(None).map_err(unavailable)?;
        let setup =
            try_init_setup_async::<AutoGraphicsApi>(&WgpuDevice::default(), options).await.map_err(unavailable)?;
        setup.device.set_device_lost_callback(move |reason, message| {
            lost(format!("the browser lost the graphics device ({reason:?}): {message}"))
        });
        STARTED.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// The page knows more about it than wgpu.
    pub fn adapter() -> Option<super::Adapter> {
        None
    }
}

#[cfg(not(feature = "webgpu"))]
mod webgpu {
    use super::{Error, Result};

    pub fn start() -> Result<()> {
        Err(Error::device("device_unavailable", "webgpu: this build supports the cpu only; use device \"cpu\"."))
    }

    pub fn adapter() -> Option<super::Adapter> {
        None
    }

    #[cfg(target_family = "wasm")]
    pub async fn start_async(_lost: fn(String)) -> Result<()> {
        start()
    }
}
