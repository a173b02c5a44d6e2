// Frames for links, and errors as text.
#pragma once

#include <cstdint>
#include <string>

#include "apps/netlab/link.hpp"
#include "core/error.hpp"

namespace pliant::netlab {

inline constexpr TimeNs kUs = 1'000;
inline constexpr TimeNs kMs = 1'000'000;
inline constexpr TimeNs kSecond = 1'000'000'000;

/// A frame without data. Its `number`, stored in Frame::bytes, identifies it.
inline Frame frame(std::uint32_t wire_bytes, std::uint32_t number = 0, int source = 0, int destination = 1) {
  Frame made;
  made.bytes = number;
  made.wire_bytes = wire_bytes;
  made.source = source;
  made.destination = destination;
  return made;
}

/// The text of the Error of this class that `action` throws; "" if there is none.
template <class Action>
std::string refusal(Action action, ErrorClass error_class = ErrorClass::argument) {
  try {
    action();
  } catch (const Error& error) {
    if (error.error_class() == error_class) return error.what();
  }
  return "";
}

}  // namespace pliant::netlab
