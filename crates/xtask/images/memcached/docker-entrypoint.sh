#!/bin/sh
# Options alone are options of memcached.
set -e
case "$1" in
    -*) set -- memcached "$@" ;;
esac
exec "$@"
