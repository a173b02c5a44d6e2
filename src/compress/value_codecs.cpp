#include <algorithm>
#include <array>
#include <string>

#include "compress/value_codec.hpp"
#include "core/error.hpp"

namespace pliant {
namespace {

constexpr std::array<const ValueCodec*, 4> kAll = {&float32_values, &bfloat16_values, &float16_values,
                                                   &int8_values};

}  // namespace

std::span<const ValueCodec* const> value_codecs() {
  return kAll;
}

const ValueCodec& find_value_codec(std::string_view name) {
  const auto found =
      std::find_if(kAll.begin(), kAll.end(), [&](const ValueCodec* codec) { return codec->name == name; });
  if (found != kAll.end()) return **found;
  std::string names;
  for (const ValueCodec* codec : kAll) names.append(names.empty() ? "" : ", ").append(codec->name);
  throw Error(ErrorClass::info_value, quoted("pliant_value_codec", name), "must be one of " + names,
              "Correct it; float32 sends values as they are");
}

const ValueCodec* value_codec_of(std::uint8_t id) {
  const auto found =
      std::find_if(kAll.begin(), kAll.end(), [&](const ValueCodec* codec) { return codec->id == id; });
  return found == kAll.end() ? nullptr : *found;
}

}  // namespace pliant
