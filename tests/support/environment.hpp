// Controls the process environment of a test.
#pragma once

#include <cstdlib>
#include <string>

#include "core/environment.hpp"

namespace pliant::test {

/// Removes all PLIANT_* variables on construction and on destruction, so that a test sees only its own.
class CleanEnvironment {
 public:
  CleanEnvironment() { clear(); }
  ~CleanEnvironment() { clear(); }
  CleanEnvironment(const CleanEnvironment&) = delete;
  CleanEnvironment& operator=(const CleanEnvironment&) = delete;

  void set(const std::string& name, const std::string& value) const {
    setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  }

 private:
  static void clear() {
    for (const std::string& name : environment_names("PLIANT_")) unsetenv(name.c_str());
  }
};

}  // namespace pliant::test
