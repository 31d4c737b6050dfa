//! Parts of a program that are recorded or not.

use crate::tensor::node::set_enabled;

struct Restore(bool);
impl Drop for Restore {
    fn drop(&mut self) {
        set_enabled(self.0);
    }
}

/// Runs `f` with recording on or off.
pub(crate) fn recording<T>(on: bool, f: impl FnOnce() -> T) -> T {
    let _restore = Restore(set_enabled(on));
    f()
}
