# No foreign functions, no TLS, no database: none of their libraries is needed to build.
MICROPY_PY_FFI = 0
MICROPY_PY_SSL = 0
MICROPY_SSL_MBEDTLS = 0
MICROPY_PY_BTREE = 0
MICROPY_PY_THREAD = 0
WATTSEAL_PORT = unix
export WATTSEAL_GEN
