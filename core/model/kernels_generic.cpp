#define TELLTALE_KERNELS kernels_generic
#include "model/kernels_body.hpp"
