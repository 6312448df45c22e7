# What is frozen into the RV32 image for QEMU. It has no start file: its prompt is the tests' way
# in, and they start the application from there.
import os

freeze(os.environ["WATTSEAL_GEN"] + "/frozen", opt=3)
package("wire", base_path="../../../firmware", opt=3)
package("app", base_path="../../../firmware", opt=3)
module("port.py", base_path="../../../firmware/ports/rv32", opt=3)
