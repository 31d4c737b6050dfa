#!/bin/sh
# Called by cargo in place of rustc (RUSTC_WRAPPER, set in scripts/common.mjs). burn's crates have every operator for every
# type of number, of which the core uses few: the hint leaves their machine code to the crate that calls it,
# crates/backend, so that what nobody calls is never generated. The option is not stable yet: RUSTC_BOOTSTRAP allows it,
# for these crates alone. Without this script everything compiles too, in twice the time.
case " $* " in
*" --crate-name burn_flex "* | *" --crate-name burn_dispatch "* | *" --crate-name burn_cubecl "* | *" --crate-name cubek_"*)
  RUSTC_BOOTSTRAP=1 exec "$@" -Zhint-mostly-unused
  ;;
esac
exec "$@"
