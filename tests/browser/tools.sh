#!/bin/sh
# Chromium, zbar and the PDF tools come from Debian. Without them the browser tests are skipped and say so.
missing=""
[ -x /usr/bin/chromium ] || missing="$missing chromium"
[ -x /usr/bin/pdftoppm ] || missing="$missing poppler-utils"
[ -x /usr/bin/zbarimg ] || missing="$missing zbar-tools"
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing$missing from Debian (once) ..."
  log=$(mktemp)
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } >"$log" 2>&1 ||
    { tail -n 5 "$log"; echo "Could not install$missing: the browser tests will be skipped."; }
  rm -f "$log"
else
  echo "For the browser tests:  apt-get install$missing  (as root). Without it they are skipped."
fi
exit 0
