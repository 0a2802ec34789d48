#!/usr/bin/env bash
# Builds target/debian/aggregator_VERSION_ARCH.deb. It needs cargo-deb and cargo-cyclonedx:
#
#   cargo install --locked cargo-deb cargo-cyclonedx
#   crates/aggregator/packages/deb.sh                            # of a release build, which it makes
#   crates/aggregator/packages/deb.sh --profile dev --no-build   # of the program that the tests have built
#   crates/aggregator/packages/deb.sh -- --deb-version 0.2.0-2   # what follows is for cargo-deb
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

profile=release build=true
while [ $# -gt 0 ]; do
    case $1 in
        --no-build) build=false && shift ;;
        --profile) profile=$2 && shift 2 ;;
        --) shift && break ;;
        *) echo "no flag $1" >&2 && exit 2 ;;
    esac
done
folder=$profile
[ "$profile" != dev ] || folder=debug

if $build; then cargo build --locked --profile "$profile" -p aggregator --bin aggregator; fi
built=${CARGO_TARGET_DIR:-target}/$folder
made=$built/packages
rm -rf "$made"
"$built/aggregator" manual "$made/man"
gzip -9n "$made"/man/*
for shell in bash zsh fish; do
    "$built/aggregator" completions "$shell" >"$made/aggregator.$shell"
done

# What the program is made of. It is written beside each manifest of the workspace, with the paths of this machine.
parts=$made/aggregator.cdx.json
trap 'rm -f crates/*/sbom.json' EXIT
cargo cyclonedx --quiet --format json --spec-version 1.5 --manifest-path crates/aggregator/Cargo.toml --override-filename sbom
sed "s|file://$PWD/|file:///|g" crates/aggregator/sbom.json >"$parts"
! grep -qF "$PWD" "$parts" || { echo "$parts names folders of this machine" >&2 && exit 1; }
built_of=$(cargo tree --locked -p aggregator --edges normal,build --prefix none --format '{p}' | cut -d ' ' -f 1,2 | sort -u)
while read -r name version; do
    grep -qF -e "pkg:cargo/$name@${version#v}\"" -e "pkg:cargo/$name@${version#v}?" "$parts" || { echo "$parts lacks $name $version" >&2 && exit 1; }
done <<<"$built_of"

cargo deb --quiet --locked --no-build --profile "$profile" -p aggregator "$@"
