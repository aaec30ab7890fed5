#include "transport/curl/curl_handles.h"

namespace postrider::curl {

Cause cause_of(CURLcode code) {
  using Failure = Response::Failure;
  switch (static_cast<int>(code)) {
    case CURLE_OPERATION_TIMEDOUT:
      return {Failure::kTimeout, "no answer within the timeout"};
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return {Failure::kDns, "the host name cannot be resolved"};
    case CURLE_COULDNT_CONNECT:
      return {Failure::kConnect, "the connection cannot be made"};
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_ABORTED_BY_CALLBACK:
      return {Failure::kConnect, "the connection broke before an answer arrived"};
    case CURLE_FAILED_INIT:
    case CURLE_OUT_OF_MEMORY:
    case CURLE_NO_CONNECTION_AVAILABLE:
    case CURLE_INTERFACE_FAILED:
    case CURLE_UNRECOVERABLE_POLL:
      return {Failure::kConnect, "this machine cannot make the connection now"};
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return {Failure::kTls, "the certificate is not valid for this host"};
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
      return {Failure::kTls, "the TLS connection cannot be made"};
    case CURLE_URL_MALFORMAT:
      return {Failure::kInvalid, "the url cannot be used"};
    default:
      return {Failure::kInvalid, "the answer is not valid HTTP"};
  }
}

}  // namespace postrider::curl
