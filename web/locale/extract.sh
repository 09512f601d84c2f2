#!/bin/sh
# Bring web/locale/ru up to date with the code: new texts come empty, gone ones leave. Then translate the empty ones.
set -eu
cd "$(dirname "$0")/../.."
pot=$(mktemp)
.venv/bin/pybabel -q extract -F babel.cfg -k N_ -k t -k tn:1,2 -k _n:1,2 \
  -k HTTPBadRequest -k HTTPConflict -k HTTPForbidden -k HTTPNotFound -k HTTPPreconditionFailed \
  -k HTTPRequestEntityTooLarge -k HTTPServiceUnavailable -k HTTPTooManyRequests -k HTTPUnauthorized \
  -k HTTPUnsupportedMediaType -k HTTPUpgradeRequired --sort-by-file --add-location=file -o "$pot" .
.venv/bin/pybabel -q update -i "$pot" -o web/locale/ru/LC_MESSAGES/messages.po -l ru --no-fuzzy-matching \
  --ignore-obsolete
rm "$pot"
