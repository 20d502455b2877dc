fn main() {
    // The migrations are embedded, and cargo does not see a new file by itself.
    println!("cargo:rerun-if-changed=../migrations");
}
