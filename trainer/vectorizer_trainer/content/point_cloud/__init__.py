"""Point clouds: meshes and scans of ten file formats through Uni3D.

`decode` goes from a file to points, by its content; `item` from points to the cached array [points, 6], whose first
rows are the centres of the patches; `architecture` is the network, `encoder` what the other stages see of it all.
"""

from vectorizer_trainer.content.point_cloud.architecture import Architecture, PointTransformer
from vectorizer_trainer.content.point_cloud.encoder import PointCloudEncoder, open_encoder

__all__ = ["Architecture", "PointCloudEncoder", "PointTransformer", "open_encoder"]
