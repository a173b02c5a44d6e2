#include "kernels/kernels.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace pliant {
namespace {

constexpr std::array<const Kernels*, 1> kTables = {&scalar_kernels};

}  // namespace

std::span<const Kernels* const> kernel_tables() {
  return kTables;
}

const Kernels& choose_kernels(std::string_view name) {
  const auto matches = [&](const Kernels* table) {
    return (name == "auto" || name == table->name) && table->usable();
  };
  if (const auto found = std::find_if(kTables.begin(), kTables.end(), matches); found != kTables.end())
    return **found;
  std::string usable = "auto";
  for (const Kernels* table : kTables)
    if (table->usable()) usable.append(", ").append(table->name);
  throw Error(ErrorClass::info_value, quoted("PLIANT_KERNELS", name), "usable here are " + usable,
              "Choose one of them, or unset it");
}

}  // namespace pliant
