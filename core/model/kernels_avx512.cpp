#define TELLTALE_KERNELS kernels_avx512
#include "model/kernels_body.hpp"
