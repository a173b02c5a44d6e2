// One row of a trace: the record of one call. Plain data, which src/api fills. columns.cpp gives each
// member's meaning.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace pliant {

struct TraceEvent {
  double time_s = 0;
  std::int64_t step = 0;
  std::int64_t communicator = 0;
  std::array<char, 64> tensor{};     ///< set_text
  std::array<char, 32> algorithm{};  ///< set_text
  std::int64_t elements = 0;
  std::int64_t kept = 0;
  double density = 1;
  double predicted_s = 0;
  double measured_s = 0;
  double compress_s = 0;
  double compute_s = 0;
  std::int64_t wire_bytes = 0;
  double gain = 1;
  double residual_norm = 0;
  std::int64_t nonfinite = 0;
  double alpha_s = 0;
  double beta_s_per_byte = 0;
  double alpha_error = 0;
  double beta_error = 0;
  double change = 0;
  double equivalent_density = 1;
  double regret_s = 0;
  std::int64_t late_rank = -1;
  double late_s = 0;
};

/// Fill a text member. A long text is cut between two UTF-8 characters. The last byte is always 0.
inline void set_text(std::span<char> field, std::string_view text) {
  const auto continues = [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; };
  std::size_t length = std::min(text.size(), field.size() - 1);
  while (length < text.size() && length > 0 && continues(text[length])) --length;
  std::fill(std::copy_n(text.begin(), length, field.begin()), field.end(), '\0');
}

}  // namespace pliant
