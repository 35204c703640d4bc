#define TELLTALE_KERNELS kernels_avx2
#include "model/kernels_body.hpp"
