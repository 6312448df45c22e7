# What is frozen into the RV32 image for QEMU: no start file, its prompt is the test's way in.
import os

freeze(os.environ["WATTSEAL_GEN"] + "/frozen", opt=3)
package("wire", base_path="../../../firmware", opt=3)
