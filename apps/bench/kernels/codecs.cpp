// Index codecs, value codecs and the checksum, timed on a selection from the input.
#include <array>
#include <cmath>
#include <cstring>

#include "apps/bench/kernels/bench_case.hpp"
#include "compress/crc32c.hpp"
#include "compress/index_codec.hpp"
#include "compress/topk.hpp"
#include "compress/value_codec.hpp"

namespace pliant::bench {
namespace {

/// Copies of a selection: timing the floor overwrites the vectors it came from, but not these.
struct Selected {
  std::vector<std::uint32_t> indices;
  std::vector<float> values;

  std::int64_t kept() const { return static_cast<std::int64_t>(indices.size()); }
};

Selected select(KernelBench& bench, double density) {
  bench.restore();
  SelectCall<float> call{.residual = bench.residual,
                         .gradient = bench.gradient,
                         .count = bench.count,
                         .kept = kept_count(bench.count, density)};
  bench.kernels.select_float(call, bench.workspace);
  return {{call.indices, call.indices + call.kept}, {call.values, call.values + call.kept}};
}

/// The least bits per index of a random set of density d: H(d) / d.
double entropy_bits(double d) {
  return d >= 1 ? 0 : -std::log2(d) - (1 - d) / d * std::log2(1 - d);
}

void emit_with_rates(KernelBench& bench, KernelRow row, std::int64_t kept, std::int64_t bytes) {
  row.bits = 8 * static_cast<double>(bytes) / static_cast<double>(kept);
  row.giga_per_s = static_cast<double>(kept) / row.ms * 1e-6;
  row.gb_per_s = 4 * *row.giga_per_s;
  bench.emit(row);
}

void time_index_codecs(KernelBench& bench, std::string_view name) {
  for (const double density : bench.options.densities) {
    const Selected picked = select(bench, density);
    std::vector<std::uint32_t> decoded(picked.indices.size());
    for (const IndexCodec* codec : index_codecs()) {
      std::vector<std::byte> bytes(static_cast<std::size_t>(codec->max_bytes(bench.count, picked.kept())));
      std::int64_t length = 0;
      const std::string of_codec = std::string(name) + "_" + std::string(codec->name);
      KernelRow encode = bench.row(of_codec + "_encode", density);
      KernelRow decode = bench.row(of_codec + "_decode", density);
      bench.time(
          encode, [] {},
          [&] { length = codec->encode(picked.indices.data(), bench.count, picked.kept(), bytes.data()); });
      bench.time(
          decode, [] {},
          [&] {
            codec->decode({bytes.data(), static_cast<std::size_t>(length)}, bench.count, picked.kept(),
                          decoded.data());
          });
      encode.entropy_bits = decode.entropy_bits =
          entropy_bits(static_cast<double>(picked.kept()) / static_cast<double>(bench.count));
      emit_with_rates(bench, encode, picked.kept(), length);
      emit_with_rates(bench, decode, picked.kept(), length);
    }
  }
}

void time_value_codecs(KernelBench& bench, std::string_view name) {
  for (const double density : bench.options.densities) {
    const Selected picked = select(bench, density);
    std::vector<float> values = picked.values;
    for (const ValueCodec* codec : value_codecs()) {
      std::vector<std::byte> bytes(static_cast<std::size_t>(codec->bytes(picked.kept())));
      const std::string of_codec = std::string(name) + "_" + std::string(codec->name);
      KernelRow encode = bench.row(of_codec + "_encode", density);
      KernelRow decode = bench.row(of_codec + "_decode", density);
      bench.time(
          encode, [&] { values = picked.values; },
          [&] { codec->encode(values.data(), picked.kept(), bytes.data()); });
      bench.time(
          decode, [] {}, [&] { codec->decode(bytes, picked.kept(), values.data()); });
      emit_with_rates(bench, encode, picked.kept(), static_cast<std::int64_t>(bytes.size()));
      emit_with_rates(bench, decode, picked.kept(), static_cast<std::int64_t>(bytes.size()));
    }
  }
}

void time_crc32c(KernelBench& bench, std::string_view name) {
  KernelRow row = bench.row(name);
  const std::span<const float> all(bench.gradient, static_cast<std::size_t>(bench.count));
  bench.time(
      row, [] {},
      [&] {
        const std::uint32_t sum = crc32c(std::as_bytes(all));
        std::memcpy(bench.result, &sum, sizeof sum);
      });
  row.gb_per_s = 4 * static_cast<double>(bench.count) / row.ms * 1e-6;
  bench.emit(row);
}

constexpr std::array kTimed = {
    TimedKernel{"index", false, time_index_codecs},
    TimedKernel{"value", false, time_value_codecs},
    TimedKernel{"crc32c", false, time_crc32c},
};

}  // namespace

std::span<const TimedKernel> timed_codecs() {
  return kTimed;
}

}  // namespace pliant::bench
