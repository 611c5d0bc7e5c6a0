# Thin names for cargo commands. `just` is not needed: each recipe is one command to type.

set windows-shell := ["powershell.exe", "-NoLogo", "-NoProfile", "-Command"]

# Show this list.
_default:
    @just --list

# Run a pattern's demo: `just run gather --paused`.
run NAME *ARGS:
    cargo run -p {{NAME}} -- {{ARGS}}

# Run all tests.
test:
    cargo test

# Build the book and serve it: `just book --open`.
book *ARGS:
    cargo run -p docs -- {{ARGS}}

# Renew the transcripts, the pictures and their copies on the pages.
expected:
    cargo run -p docs -- expected

# Compile and run each recipe in a blank crate.
paste-check:
    cargo test --test docs take::proof

# Run a pattern's benchmarks and put the table on its page.
bench NAME:
    cargo run -p docs -- bench {{NAME}}

# Find what the compiler and Clippy have to say.
lint:
    cargo clippy --workspace --all-targets --locked -- -D warnings

# Begin a pattern.
new NAME:
    cargo run -p docs -- new {{NAME}}

# Do all that is checked before a change is taken.
ci:
    bash .ci/run

# Measure what a further pattern costs.
scale *ARGS:
    bash .ci/scale {{ARGS}}
