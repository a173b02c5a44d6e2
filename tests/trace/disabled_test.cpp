// A build without HDF5 names the missing package.
#include <gtest/gtest.h>

#include "core/error.hpp"
#include "trace/hdf5_file.hpp"
#include "trace/recorder.hpp"

namespace pliant {
namespace {

constexpr const char* kText =
    "cannot open the HDF5 file 'a.h5' (this Pliant was built without HDF5). "
    "Install the package libhdf5-dev and build Pliant again";

using Open = Hdf5File (*)(const std::string&);

TEST(WithoutHdf5, NoFileIsToBeHad) {
  for (const Open open : {Open{Hdf5File::create}, Open{Hdf5File::create_replacing}, Open{Hdf5File::open},
                          Open{Hdf5File::open_to_change}}) {
    try {
      open("a.h5");
      ADD_FAILURE() << "nothing was thrown";
    } catch (const Error& error) {
      EXPECT_EQ(error.error_class(), ErrorClass::io);
      EXPECT_STREQ(error.what(), kText);
    }
  }
}

TEST(WithoutHdf5, TheRecorderTellsAndIsOff) {
  Recorder recorder;
  EXPECT_EQ(recorder.open("a.h5", {}), kText);
  EXPECT_FALSE(recorder.is_open());
  EXPECT_EQ(recorder.record({}), std::nullopt);
  EXPECT_EQ(recorder.close(), std::nullopt);
}

}  // namespace
}  // namespace pliant
