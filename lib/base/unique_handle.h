// Owners for handles of C libraries.
#pragma once

#include <memory>

namespace postrider {

template <auto Close>
struct CloseWith {
  template <class T>
  void operator()(T* handle) const noexcept {
    static_cast<void>(Close(handle));
  }
};

/// A unique_ptr, as large as a raw pointer, that releases its handle with the C function `Close`.
template <class T, auto Close>
using UniqueHandle = std::unique_ptr<T, CloseWith<Close>>;

}  // namespace postrider
