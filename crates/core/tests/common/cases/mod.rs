//! Cases for every operator of the table.

mod convolution;
mod images;
mod movement;
mod pointwise;
mod projections;
mod reductions;
mod spectra;

use super::case::Case;

/// All cases.
pub fn all() -> Vec<Case> {
    let mut all = Vec::new();
    pointwise::add(&mut all);
    reductions::add(&mut all);
    movement::add(&mut all);
    convolution::add(&mut all);
    images::add(&mut all);
    spectra::add(&mut all);
    projections::add(&mut all);
    all
}
