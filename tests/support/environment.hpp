// The process environment, as a test wants it.
#pragma once

#include <cstdlib>
#include <string>

#include "core/environment.hpp"

namespace pliant::test {

/// Takes every PLIANT_* variable away when made and when it goes: a test sees only what it set itself.
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
