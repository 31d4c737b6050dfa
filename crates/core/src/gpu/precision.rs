//! The type to which convolutions and products of matrices of networks round their operands where the program allows
//! it; sums stay float32 (Micikevicius et al., "Mixed precision training", 2018, arXiv:1710.03740).

use adjoint_backend::gpu::CubeTensor;
use cubecl::client::Client;
use cubecl::ir::{ElemType, FloatKind};
use std::sync::atomic::{AtomicU8, Ordering};

/// Names of the types, and the types.
const TYPES: [(&str, FloatKind); 3] = [("float32", FloatKind::F32), ("bf16", FloatKind::BF16), ("f16", FloatKind::F16)];

/// The place in `TYPES` of what the program chose, for the whole process.
static CHOSEN: AtomicU8 = AtomicU8::new(0);

/// Chooses a type; `None` for an unknown name.
pub(crate) fn choose(name: &str) -> Option<()> {
    let place = TYPES.iter().position(|(known, _)| *known == name)?;
    CHOSEN.store(place as u8, Ordering::Relaxed);
    Some(())
}

/// Whether a device computes with a type, by its name.
pub(crate) fn supports(client: &Client, name: &str) -> bool {
    TYPES.iter().any(|(known, kind)| *known == name && has(client, *kind))
}

fn has(client: &Client, kind: FloatKind) -> bool {
    kind == FloatKind::F32 || client.properties().supports_type(ElemType::Float(kind))
}

/// The type of operands beside a tensor: float32 where they may not be rounded, or the device lacks the one that was
/// chosen.
pub(crate) fn stored(mixed: bool, beside: &CubeTensor) -> ElemType {
    let chosen = TYPES.get(usize::from(CHOSEN.load(Ordering::Relaxed))).map_or(FloatKind::F32, |(_, kind)| *kind);
    let kind = if mixed && has(&beside.client, chosen) { chosen } else { FloatKind::F32 };
    ElemType::Float(kind)
}
