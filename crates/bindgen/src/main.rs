//! `adjoint-bindgen INPUT NAME FOLDER`: writes NAME.js, its types and NAME_bg.wasm for pages, from a module of cargo's.

use anyhow::{bail, Result};
use wasm_bindgen_cli_support::Bindgen;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [input, name, folder] = arguments.as_slice() else {
        bail!("expected: adjoint-bindgen INPUT NAME FOLDER");
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(input).out_name(name).web(true)?.typescript(true);
    // The JavaScript finds the module beside it.
    bindgen.omit_default_module_path(false).generate(folder)
}
