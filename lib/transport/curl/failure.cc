#include "transport/curl/failure.h"

#include <cerrno>

namespace postrider::curl {
namespace {

using Failure = Response::Failure;

/// OpenSSL's numbers of verification errors (x509_vfy.h): they are part of its interface.
enum class VerifyResult : long {
  kUnspecified = 1,  ///< libcurl leaves it when OpenSSL accepted the chain and the name differs
  kNoIssuer = 2,
  kNotYetValid = 9,
  kExpired = 10,
  kSelfSigned = 18,
  kSelfSignedInChain = 19,
  kNoLocalIssuer = 20,
  kNoChain = 21,
  kRevoked = 23,
  kOtherHost = 62,
  kOtherAddress = 64,
};

Cause cause_of_certificate(long verify_result) {
  switch (static_cast<VerifyResult>(verify_result)) {
    case VerifyResult::kExpired:
      return {
          Failure::kTls,
          "The TLS certificate has expired, or a certificate of its chain has. The receiver has to "
          "renew it."};
    case VerifyResult::kNotYetValid:
      return {
          Failure::kTls,
          "The TLS certificate is not valid yet: its validity begins in the future. Check the "
          "certificate and the clocks."};
    case VerifyResult::kSelfSigned:
      return {
          Failure::kTls,
          "The TLS certificate is self-signed. The receiver needs one from a trusted certificate "
          "authority."};
    case VerifyResult::kSelfSignedInChain:
      return {
          Failure::kTls,
          "The root of the TLS certificate's chain is not a trusted certificate authority."};
    case VerifyResult::kNoIssuer:
    case VerifyResult::kNoLocalIssuer:
    case VerifyResult::kNoChain:
      return {
          Failure::kTls,
          "The issuer of the TLS certificate is unknown. Perhaps the receiver does not send the "
          "intermediate certificate."};
    case VerifyResult::kRevoked:
      return {Failure::kTls, "The TLS certificate has been revoked."};
    case VerifyResult::kUnspecified:
    case VerifyResult::kOtherHost:
    case VerifyResult::kOtherAddress:
      return {Failure::kTls, "The TLS certificate is for another host name."};
  }
  return {Failure::kTls, "The TLS certificate is not valid."};
}

Cause cause_of_handshake(std::string_view detail) {
  const auto says = [detail](std::string_view words) {
    return detail.find(words) != std::string_view::npos;
  };
  if (says("wrong version number") || says("http request") || says("packet length too long"))
    return {
        Failure::kTls,
        "The receiver does not speak TLS on this port. Check the scheme and the port of the URL."};
  if (says("certificate required"))
    return {Failure::kTls, "The receiver requires a client certificate, which is not supported."};
  if (says("protocol version") || says("unsupported protocol") || says("handshake failure") ||
      says("no shared cipher"))
    return {
        Failure::kTls,
        "The receiver supports no TLS version or cipher that this service supports."};
  if (says("unrecognized name"))
    return {Failure::kTls, "The receiver has no TLS certificate for this host name."};
  if (says("SSL_ERROR_SYSCALL") || says("reset by peer") || says("unexpected eof"))
    return {Failure::kTls, "The receiver closed the connection during the TLS handshake."};
  return {Failure::kTls, "The TLS handshake failed."};
}

Cause cause_of_timeout(const FailedTransfer& failed) {
  if (!failed.was_resolved)
    return {
        Failure::kTimeout,
        "The host name was not resolved within the timeout: the name server does not answer."};
  if (!failed.was_connected)
    return {Failure::kTimeout, "The connection was not established within the timeout."};
  if (!failed.was_sent)
    return {Failure::kTimeout, "The TLS handshake did not finish within the timeout."};
  if (!failed.was_answered)
    return {
        Failure::kTimeout,
        "The receiver accepted the connection but sent no response within the timeout."};
  return {
      Failure::kTimeout,
      "The receiver began its response but did not finish it within the timeout."};
}

Cause cause_of_connect(long os_error) {
  switch (os_error) {
    case ECONNREFUSED:
      return {
          Failure::kConnect,
          "The receiver refused the connection. Perhaps nothing listens on this port."};
    case EHOSTUNREACH:
    case EHOSTDOWN:
      return {Failure::kConnect, "The receiver's host is unreachable."};
    case ENETUNREACH:
    case ENETDOWN:
      return {Failure::kConnect, "The receiver's network is unreachable."};
    case ETIMEDOUT:
      return {Failure::kConnect, "The receiver did not answer the attempt to connect."};
    case ECONNRESET:
      return {Failure::kConnect, "The receiver reset the connection while it was established."};
    default:
      return {Failure::kConnect, "The connection could not be established."};
  }
}

Cause cause_of_broken(const FailedTransfer& failed) {
  const bool was_reset = failed.detail.find("reset by peer") != std::string_view::npos ||
                         failed.detail.find("Broken pipe") != std::string_view::npos;
  if (was_reset)
    return {Failure::kConnect, "The receiver reset the connection before it sent a response."};
  return {Failure::kConnect, "The receiver closed the connection before it sent a response."};
}

Cause cause_of_resolution(Millis duration) {
  // The C library asks a silent name server for at least this long. How a look-up failed is not
  // told otherwise.
  constexpr Millis kSilentMin{4000};
  if (duration >= kSilentMin)
    return {Failure::kDns, "The host name could not be resolved: the name server does not answer."};
  return {
      Failure::kDns,
      "The host name could not be resolved. Perhaps it does not exist, or its name server fails."};
}

}  // namespace

Cause cause_of(const FailedTransfer& failed) {
  switch (static_cast<int>(failed.code)) {
    case CURLE_OPERATION_TIMEDOUT:
      return cause_of_timeout(failed);
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return cause_of_resolution(failed.duration);
    case CURLE_COULDNT_CONNECT:
      return cause_of_connect(failed.os_error);
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_ABORTED_BY_CALLBACK:
      return cause_of_broken(failed);
    case CURLE_FAILED_INIT:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_NO_CONNECTION_AVAILABLE:
    case CURLE_INTERFACE_FAILED:
    case CURLE_UNRECOVERABLE_POLL:
      return {
          Failure::kConnect,
          "The service could not open a connection: it is short of memory, sockets or ports."};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return cause_of_certificate(failed.verify_result);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_ENGINE_SETFAILED:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CRL_BADFILE:
    case CURLE_SSL_CLIENTCERT:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_USE_SSL_FAILED:
      return cause_of_handshake(failed.detail);
    case CURLE_URL_MALFORMAT:
      return {Failure::kInvalid, "The URL cannot be used."};
    default:
      return {Failure::kInvalid, "The response is not valid HTTP."};
  }
}

}  // namespace postrider::curl
