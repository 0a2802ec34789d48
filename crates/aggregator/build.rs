//! Links the settings of the system's allocator into the program.

fn main() {
    println!("cargo:rerun-if-changed=allocator.c");
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return;
    }
    // As an object: from an archive a linker takes only what is asked for by name.
    for object in cc::Build::new().file("allocator.c").compile_intermediates() {
        println!("cargo:rustc-link-arg-bins={}", object.display());
    }
}
