#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

// Macros of OpenSSL with casts in them, which Swift does not see.

static inline long oneshot_SSL_CTX_set_min_proto_version(SSL_CTX *context, int version) {
  return SSL_CTX_set_min_proto_version(context, version);
}

static inline long oneshot_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
  return SSL_set_tlsext_host_name(ssl, name);
}

static inline long oneshot_SSL_set_mode(SSL *ssl, long mode) { return SSL_set_mode(ssl, mode); }
