// Debian keeps libpq's headers in a folder of their own; with pkg-config at hand the plain name is found.
#if __has_include(<libpq-fe.h>)
#include <libpq-fe.h>
#else
#include <postgresql/libpq-fe.h>
#endif
