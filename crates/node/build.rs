fn main() {
    napi_build::setup();
    // Node finds the add-on's functions in its table of exports: the other symbols are a quarter of the file.
    match std::env::var("CARGO_CFG_TARGET_OS").as_deref() {
        Ok("linux" | "freebsd" | "android") => println!("cargo:rustc-link-arg-cdylib=-Wl,--strip-all"),
        Ok("macos") => println!("cargo:rustc-link-arg-cdylib=-Wl,-x"),
        _ => {}
    }
}
