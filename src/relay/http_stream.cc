#include "relay/http_stream.h"

#include <openssl/ssl.h>

#include "base/fs.h"
#include "wire/keys.h"

namespace ghost::relay {
namespace {

namespace ssl = boost::asio::ssl;
using boost::system::error_code;

// Clients that offer protocols by name must offer ours (RFC 7301, RFC 9112).
int select_protocol(SSL*, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* in, unsigned in_size, void*) {
  static const unsigned char kOurs[] = "\x08http/1.1";
  unsigned char* chosen = nullptr;
  const int found = SSL_select_next_proto(&chosen, out_size, kOurs, sizeof kOurs - 1, in, in_size);
  *out = chosen;
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

}  // namespace

Result<TlsContext> load_tls(const std::string& cert_file, const std::string& key_file) {
  const auto bad = [](const std::string& what) { return Error{"bad_config", what, ""}; };
  const Result<std::string> cert = read_file(cert_file);
  if (!cert) return cert.error();
  const Result<std::string> key = wire::read_secret_file(key_file);
  if (!key) return key.error();
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  error_code ec;
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 |
                           ssl::context::no_sslv3 | ssl::context::no_tlsv1 |
                           ssl::context::no_tlsv1_1 | ssl::context::no_compression,
                       ec);
  SSL_CTX* const raw = context->native_handle();
  SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS);  // idle connections hold none
  SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
  if (!ec) context->use_certificate_chain(boost::asio::buffer(*cert), ec);
  if (ec) return bad("no certificate in " + cert_file + ": " + ec.message());
  context->use_private_key(boost::asio::buffer(*key), ssl::context::pem, ec);
  if (ec) return bad("the key in " + key_file + " is none, or not the certificate's");
  if (SSL_CTX_check_private_key(raw) != 1) {
    return bad("the key in " + key_file + " is not that of the certificate in " + cert_file);
  }
  return context;
}

}  // namespace ghost::relay
