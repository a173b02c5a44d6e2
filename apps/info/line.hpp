// Formatted text.
#pragma once

#include <cstdio>
#include <string>

namespace pliant::info {

/// A line of text, formatted as by printf.
template <class... Values>
std::string line(const char* format, Values... values) {
  const int length = std::snprintf(nullptr, 0, format, values...);
  std::string text(static_cast<std::size_t>(length) + 1, '\0');
  std::snprintf(text.data(), text.size(), format, values...);
  text.pop_back();
  return text;
}

}  // namespace pliant::info
