// A self-signed certificate made for a test, and the server side of TLS with it.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace postrider::testing {

/// Thread-safe after construction.
class TlsIdentity {
 public:
  struct Options {
    std::string address = "127.0.0.1";  ///< the IP address that the certificate is for
    long valid_from_s = -3600;          ///< seconds from now
    long valid_until_s = 3600;
  };

  explicit TlsIdentity(const Options& options);
  TlsIdentity(const TlsIdentity&) = delete;
  TlsIdentity& operator=(const TlsIdentity&) = delete;
  ~TlsIdentity();

  /// A PEM file with the certificate; gone with this object.
  [[nodiscard]] std::string ca_file() const { return ca_file_; }

  /// Shakes hands on a connected socket, reads until the empty line that ends a request's headers,
  /// answers with `response`. What goes wrong ends it in silence.
  void serve(int fd, std::string_view response) const;

 private:
  struct Material;
  std::unique_ptr<Material> material_;
  std::filesystem::path ca_file_;
};

}  // namespace postrider::testing
