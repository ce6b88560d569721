#!/bin/bash
# Makes a database at the first start, then becomes the server.
#
# POSTGRES_PASSWORD, POSTGRES_USER, POSTGRES_DB, POSTGRES_INITDB_ARGS (each also as NAME_FILE),
# POSTGRES_INITDB_WALDIR, POSTGRES_HOST_AUTH_METHOD, PGDATA, and /docker-entrypoint-initdb.d with
# *.sh, *.sql and *.sql.gz.
set -Eeuo pipefail

fail() {
    echo "error: $*" >&2
    exit 1
}

# read_setting NAME DEFAULT: sets NAME from itself or from the file that NAME_FILE names.
read_setting() {
    local name=$1 file_name=${1}_FILE
    if [ -n "${!name:-}" ] && [ -n "${!file_name:-}" ]; then
        fail "both $name and $file_name are set"
    fi
    local value=${!name:-$2}
    if [ -n "${!file_name:-}" ]; then
        value=$(<"${!file_name}")
    fi
    export "$name=$value"
    unset "$file_name"
}

make_folders() {
    mkdir -p "$PGDATA" /var/run/postgresql
    chmod 0700 "$PGDATA"
    chmod 3775 /var/run/postgresql
    if [ "$(id -u)" = 0 ]; then
        find "$PGDATA" /var/run/postgresql \! -user postgres -exec chown postgres {} +
        if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then
            mkdir -p "$POSTGRES_INITDB_WALDIR"
            chown -R postgres "$POSTGRES_INITDB_WALDIR"
            chmod 0700 "$POSTGRES_INITDB_WALDIR"
        fi
    fi
}

make_database() {
    local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [ -z "$POSTGRES_PASSWORD" ] && [ "$method" != trust ]; then
        fail "the database is new, and there is neither POSTGRES_PASSWORD nor POSTGRES_HOST_AUTH_METHOD=trust"
    fi
    local arguments=(--username="$POSTGRES_USER")
    if [ -n "${POSTGRES_INITDB_WALDIR:-}" ]; then
        arguments+=(--waldir="$POSTGRES_INITDB_WALDIR")
    fi
    # The variable holds words, which may be quoted.
    eval "initdb \"\${arguments[@]}\" --pwfile=/dev/stdin $POSTGRES_INITDB_ARGS" \
        <<< "$POSTGRES_PASSWORD"
    printf '\nhost all all all %s\n' "$method" >> "$PGDATA/pg_hba.conf"
}

run_sql() {
    psql -v ON_ERROR_STOP=1 --no-psqlrc --no-password --username "$POSTGRES_USER" "$@"
}

run_scripts() {
    local path
    for path in /docker-entrypoint-initdb.d/*; do
        case $path in
            *.sh)
                echo "running $path"
                if [ -x "$path" ]; then "$path"; else . "$path"; fi
                ;;
            *.sql)
                echo "running $path"
                run_sql --dbname "$POSTGRES_DB" --file "$path"
                ;;
            *.sql.gz)
                echo "running $path"
                gunzip --stdout "$path" | run_sql --dbname "$POSTGRES_DB"
                ;;
            *) echo "ignoring $path" ;;
        esac
    done
}

initialise() {
    make_database
    export PGPASSWORD=$POSTGRES_PASSWORD
    # Nobody from outside sees a half-made database: it answers on its socket only.
    pg_ctl --wait start -o "$(printf '%q ' "${@:2}" -c listen_addresses= -p 5432)"
    if [ "$POSTGRES_DB" != postgres ]; then
        run_sql --dbname postgres --set name="$POSTGRES_DB" <<< 'CREATE DATABASE :"name";'
    fi
    run_scripts
    pg_ctl --wait --mode fast stop
    unset PGPASSWORD
    echo "the database is made; the server starts"
}

if [ "${1:0:1}" = - ]; then
    set -- postgres "$@"
fi
if [ "${1:-}" = postgres ]; then
    make_folders
    if [ "$(id -u)" = 0 ]; then
        exec setpriv --reuid=postgres --regid=postgres --init-groups "$0" "$@"
    fi
    read_setting POSTGRES_PASSWORD ''
    read_setting POSTGRES_USER postgres
    read_setting POSTGRES_DB "$POSTGRES_USER"
    read_setting POSTGRES_INITDB_ARGS ''
    if [ ! -s "$PGDATA/PG_VERSION" ]; then
        initialise "$@"
    fi
fi
exec "$@"
