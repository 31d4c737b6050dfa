#!/bin/sh
# Called by cargo in place of rustc (RUSTC_WRAPPER, set in scripts/common.mjs). These crates have every operator for every
# type of number, of which the core uses few: the hint leaves their machine code to the crates that call it, so that what
# nobody calls is never generated. The option has no stable name yet, hence RUSTC_BOOTSTRAP, for these crates alone.
case " $* " in
*" --crate-name burn_flex "* | *" --crate-name burn_dispatch "* | *" --crate-name burn_cubecl "* | *" --crate-name cubek_"*)
  RUSTC_BOOTSTRAP=1 exec "$@" -Zhint-mostly-unused
  ;;
esac
exec "$@"
