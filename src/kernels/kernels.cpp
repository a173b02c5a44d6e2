#include "kernels/kernels.hpp"

#include <algorithm>
#include <string>

#include "core/error.hpp"

namespace pliant {

std::span<const Kernels* const> kernel_tables() {
  static const std::vector<const Kernels*> tables = [] {
    std::vector<const Kernels*> all(simd_tables().begin(), simd_tables().end());
    all.push_back(&scalar_kernels);
    return all;
  }();
  return tables;
}

const Kernels& choose_kernels(std::string_view name) {
  const auto matches = [&](const Kernels* table) {
    return (name == "auto" || name == table->name) && table->usable();
  };
  const auto tables = kernel_tables();
  if (const auto found = std::find_if(tables.begin(), tables.end(), matches); found != tables.end())
    return **found;
  std::string usable = "auto";
  for (const Kernels* table : tables)
    if (table->usable()) usable.append(", ").append(table->name);
  throw Error(ErrorClass::info_value, quoted("PLIANT_KERNELS", name), "usable here are " + usable,
              "Choose one of them, or unset it");
}

}  // namespace pliant
