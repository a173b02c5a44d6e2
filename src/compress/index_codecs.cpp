#include <algorithm>
#include <array>
#include <string>

#include "compress/index_codec.hpp"
#include "core/error.hpp"
#include "core/link_model.hpp"

namespace pliant {
namespace {

constexpr std::array<const IndexCodec*, 3> kAll = {&raw_indices, &block_indices, &rice_indices};
static_assert(kAll.size() == ComputeModel::kIndexCodecs, "the cost model has a speed for each codec");

}  // namespace

std::span<const IndexCodec* const> index_codecs() {
  return kAll;
}

const IndexCodec& find_index_codec(std::string_view name) {
  const auto found =
      std::find_if(kAll.begin(), kAll.end(), [&](const IndexCodec* codec) { return codec->name == name; });
  if (found != kAll.end()) return **found;
  std::string names = "auto";
  for (const IndexCodec* codec : kAll) names.append(", ").append(codec->name);
  throw Error(ErrorClass::info_value, quoted("pliant_index_codec", name), "must be one of " + names,
              "Correct it; auto takes the shortest");
}

const IndexCodec* index_codec_of(std::uint8_t id) {
  const auto found =
      std::find_if(kAll.begin(), kAll.end(), [&](const IndexCodec* codec) { return codec->id == id; });
  return found == kAll.end() ? nullptr : *found;
}

}  // namespace pliant
