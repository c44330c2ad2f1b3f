"""MLflow's artifact stores as this server runs them.

MLflow finds them by the entry points `mlflow.artifact_repository`, in place of its own for the same schemes. What they add:

* errors reach the client with their reason, after the server has tried for a while;
* clients get presigned URLs only where that is switched on; MLflow hands them out whenever the store can make some, and clients that cannot
  reach the store then fail;
* files stream to and from blob storage and S3, without a copy on the server;
* FTP and SFTP uploads appear when they are complete; FTP can delete.
"""

from importlib import reload

from mlflow.store.artifact import hdfs_artifact_repo
from mlflow.store.artifact.artifact_repo import ArtifactRepository

from .direct import DirectDownloads, DirectUploads, direct_transfer
from .ftp_repository import FtpRepository
from .proxied import ProxiedStore
from .streaming import StreamingBlobRepository, StreamingStore


class _UploadingStore(ProxiedStore, DirectUploads):
    pass


class _StreamingStore(ProxiedStore, StreamingStore):
    pass


class _TransferringStore(_StreamingStore, DirectUploads, DirectDownloads):
    pass


def blobs(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> ArtifactRepository:
    """wasbs://. Never direct: the storage account has no public network."""
    return _StreamingStore(StreamingBlobRepository, artifact_uri, tracking_uri, registry_uri)


def s3(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> ArtifactRepository:
    """s3://"""
    # Loads Amazon's library, which other processes have no use for.
    from .s3_repository import StreamingS3Repository

    store = _TransferringStore if direct_transfer() else _StreamingStore
    return store(StreamingS3Repository, artifact_uri, tracking_uri, registry_uri)


def gcs(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> ArtifactRepository:
    """gs://"""
    # Loads Google's library, which other processes have no use for.
    from .gcs_repository import GcsRepository

    store = _UploadingStore if direct_transfer() else ProxiedStore
    return store(GcsRepository, artifact_uri, tracking_uri, registry_uri)


def ftp(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> ArtifactRepository:
    """ftp://"""
    return ProxiedStore(FtpRepository, artifact_uri, tracking_uri, registry_uri)


def sftp(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> ArtifactRepository:
    """sftp://"""
    # Loads an SSH library, which other processes have no use for.
    from .sftp_repository import SftpRepository

    return ProxiedStore(SftpRepository, artifact_uri, tracking_uri, registry_uri)


def hdfs(artifact_uri: str, tracking_uri: str | None = None, registry_uri: str | None = None) -> ArtifactRepository:
    """hdfs:// and viewfs://"""
    # A server has left pyarrow out while it started.
    if not hasattr(hdfs_artifact_repo, "HadoopFileSystem"):
        reload(hdfs_artifact_repo)
    return ProxiedStore(hdfs_artifact_repo.HdfsArtifactRepository, artifact_uri, tracking_uri, registry_uri)
