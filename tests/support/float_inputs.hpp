// Named inputs that selection and reduction are most likely to get wrong.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <random>
#include <string_view>
#include <vector>

namespace pliant::test {

struct FloatInput {
  std::string_view name;
  float (*at)(std::size_t i, std::mt19937& random);
};

inline float uniform(std::mt19937& random) {
  return std::uniform_real_distribution<float>(-1, 1)(random);
}

inline constexpr FloatInput kFloatInputs[] = {
    {"uniform", [](std::size_t, std::mt19937& random) { return uniform(random); }},
    {"zeros", [](std::size_t, std::mt19937&) { return 0.0F; }},
    {"all equal", [](std::size_t, std::mt19937&) { return -2.5F; }},
    {"equal magnitudes", [](std::size_t i, std::mt19937&) { return i % 2 == 0 ? 3.0F : -3.0F; }},
    {"both zeros", [](std::size_t i, std::mt19937&) { return i % 2 == 0 ? 0.0F : -0.0F; }},
    {"few values", [](std::size_t, std::mt19937& random) { return static_cast<float>(random() % 5) - 2; }},
    {"999 in 1000 zeros",
     [](std::size_t, std::mt19937& random) { return random() % 1000 == 0 ? uniform(random) : 0.0F; }},
    {"denormals",
     [](std::size_t, std::mt19937& random) {
       return std::numeric_limits<float>::denorm_min() * static_cast<float>(random() % 64);
     }},
    {"one exponent", [](std::size_t, std::mt19937& random) { return 1 + uniform(random) * 1e-6F; }},
    {"rising", [](std::size_t i, std::mt19937&) { return static_cast<float>(i); }},
    {"falling", [](std::size_t i, std::mt19937&) { return -1.0F / static_cast<float>(i + 1); }},
    {"huge and tiny",
     [](std::size_t, std::mt19937& random) {
       return uniform(random) * (random() % 2 == 0 ? 3e38F : 1e-38F);
     }},
    {"non-finite",
     [](std::size_t, std::mt19937& random) {
       const float infinity = std::numeric_limits<float>::infinity();
       switch (random() % 8) {
         case 0:
           return std::numeric_limits<float>::quiet_NaN();
         case 1:
           return -std::numeric_limits<float>::quiet_NaN();
         case 2:
           return infinity;
         case 3:
           return -infinity;
         case 4:
           return std::numeric_limits<float>::max();
         default:
           return uniform(random);
       }
     }},
};

inline std::vector<float> make(const FloatInput& input, std::size_t count) {
  std::mt19937 random(static_cast<std::uint32_t>(count) + 17);
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = input.at(i, random);
  return values;
}

}  // namespace pliant::test
