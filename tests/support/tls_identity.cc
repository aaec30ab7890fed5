#include "tests/support/tls_identity.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/unique_handle.h"

namespace postrider::testing {
namespace {

using Key = UniqueHandle<EVP_PKEY, EVP_PKEY_free>;
using Certificate = UniqueHandle<X509, X509_free>;
using Context = UniqueHandle<SSL_CTX, SSL_CTX_free>;
using Session = UniqueHandle<SSL, SSL_free>;
using Extension = UniqueHandle<X509_EXTENSION, X509_EXTENSION_free>;
using File = UniqueHandle<std::FILE, std::fclose>;

void extend(X509* certificate, int nid, const std::string& value) {
  const Extension extension{X509V3_EXT_conf_nid(nullptr, nullptr, nid, value.c_str())};
  POSTRIDER_ASSERT(extension != nullptr);
  POSTRIDER_ASSERT(X509_add_ext(certificate, extension.get(), -1) == 1);
}

Certificate make_certificate(EVP_PKEY* key, const TlsIdentity::Options& options) {
  Certificate made{X509_new()};
  X509* certificate = made.get();
  X509_set_version(certificate, X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), options.valid_from_s);
  X509_gmtime_adj(X509_getm_notAfter(certificate), options.valid_until_s);
  X509_set_pubkey(certificate, key);
  X509_NAME* name = X509_get_subject_name(certificate);
  const std::string common = "Postrider test";
  const auto* bytes = reinterpret_cast<const unsigned char*>(common.c_str());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, bytes, -1, -1, 0);
  X509_set_issuer_name(certificate, name);
  extend(certificate, NID_subject_alt_name, "IP:" + options.address);
  extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  POSTRIDER_ASSERT(X509_sign(certificate, key, EVP_sha256()) > 0);
  return made;
}

/// A new empty file of a name that nobody else has.
std::filesystem::path new_file() {
  std::string path = std::filesystem::temp_directory_path() / "postrider-test-XXXXXX";
  const int fd = ::mkstemp(path.data());
  POSTRIDER_ASSERT(fd >= 0);
  ::close(fd);
  return path;
}

}  // namespace

struct TlsIdentity::Material {
  Context context;
};

TlsIdentity::TlsIdentity(const Options& options)
    : material_(std::make_unique<Material>()), ca_file_(new_file()) {
  const Key key{EVP_EC_gen("P-256")};
  POSTRIDER_ASSERT(key != nullptr);
  const Certificate certificate = make_certificate(key.get(), options);
  const File file{std::fopen(ca_file_.c_str(), "w")};
  POSTRIDER_ASSERT(file != nullptr);
  POSTRIDER_ASSERT(PEM_write_X509(file.get(), certificate.get()) == 1);
  material_->context.reset(SSL_CTX_new(TLS_server_method()));
  SSL_CTX* context = material_->context.get();
  POSTRIDER_ASSERT(SSL_CTX_use_certificate(context, certificate.get()) == 1);
  POSTRIDER_ASSERT(SSL_CTX_use_PrivateKey(context, key.get()) == 1);
}

TlsIdentity::~TlsIdentity() {
  std::error_code ignored;
  std::filesystem::remove(ca_file_, ignored);
}

void TlsIdentity::serve(int fd, std::string_view response) const {
  const Session session{SSL_new(material_->context.get())};
  if (SSL_set_fd(session.get(), fd) != 1 || SSL_accept(session.get()) != 1) return;
  std::string received;
  std::array<char, 4096> buffer{};
  while (received.find("\r\n\r\n") == std::string::npos) {
    const int count = SSL_read(session.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (count <= 0) return;
    received.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (SSL_write(session.get(), response.data(), static_cast<int>(response.size())) <= 0) return;
  SSL_shutdown(session.get());
}

}  // namespace postrider::testing
