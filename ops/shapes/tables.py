"""Has the tables of names and types that `ops.shapes.expected` reads, one per kind of object.

A line has a set of types and the names that may have them; `*` marks values that the product reads.
`absent`: the name may be missing. `any`: nothing below it is compared. Names are below the prefix
of their table, `.` is the prefix itself, and `{}` stands for names that are data.
"""

TIME = "text|number|null|absent"

LIST = """
    object             * .
    number|absent      * count
    array              * data
    object             * data[]
    any|absent           groups
"""

REGISTRY = f"""
    text               * registryUuid registryUri
    text|null|absent     registryName registryType providerType dockerHubOrg
    {TIME}               created updated lastScanned
    number|null|absent   repoCount totalImages totalScannedImages totalVulnerableImages
    object|null|absent   scheduleStatusList
    number               scheduleStatusList.{{}}
"""

REGISTRY_ROW = """
    text|null|absent  awsAccountId awsRegion
"""

REGISTRY_DETAILS = """
    object             * .
    object|null|absent * aws
    text|null|absent   * aws.arn
    text|null|absent     aws.accountId aws.region aws.name aws.description
    array|null|absent  * connectors
    object             * connectors[]
    text|null|absent   * connectors[].arn
    text|null|absent     connectors[].name connectors[].description
    object|null|absent   credential
    text|null|absent     credential.username
"""

AWS_BASE = """
    object      * .
    text|number * accountId externalId
"""

CONNECTORS = """
    array              * .
    object             * []
    text               * [].arn
    text|null|absent     [].name [].description
"""

SCHEDULE = f"""
    text               * scheduleUuid name status
    {TIME}            * created
    array|null|absent  * errors
    object             * errors[]
    text|null|absent   * errors[].errorCode errors[].errorMessage
    any|absent           errors[].contextParams
    boolean|null|absent  onDemand
    text|null|absent     schedule
    {TIME}              updated jobStartDate jobListingStartDate jobListingCompletionDate
    {TIME}              jobScanningStartDate jobScanningCompletionDate jobCompletionDate
    array|null|absent    filters
    object               filters[]
    number|null|absent   filters[].days
    array                filters[].repoTags
    object               filters[].repoTags[]
    text                 filters[].repoTags[].repo filters[].repoTags[].tag
"""

IMAGE = f"""
    text               * sha
    array|null         * repoDigests
    object             * repoDigests[]
    text               * repoDigests[].digest
    text|null|absent     repoDigests[].registry repoDigests[].repository
    array|null         * repo
    object             * repo[]
    text|null          * repo[].registry repo[].tag
    text               * repo[].repository
    {TIME}            * lastVmScanDate lastScanned lastScannedDate lastAssessed
    text|null          * scanStatus
    text|null|absent   * scanErrorCode
    {TIME}              created updated lastUsedDate
    text|null|absent     imageId uuid scanType scanErrorMessage author qdsSeverity
    number|text|null|absent size
    number|null|absent   associatedContainersCount associatedHostsCount
    number|null|absent   riskScore maxQdsScore criticality
    array|null|absent    registryUuid source scanTypes
    text                 registryUuid[] source[] scanTypes[]
    boolean|null|absent  isDockerHubOfficial isInstrumented isContinuouslyAssessed
    any|absent           lastFoundOnHost
"""

# The documents do not show these in the list. They are read if they are there.
IMAGE_ROW = """
    any|absent         * softwares malware secrets
    number|text|null|absent * totalVulnCount totalVulCount
"""

LAYER = """
    text|null|absent   * prediction category family
    number|text|null|absent * severity
    number|null|absent   score
"""

DETECTED = """
    object             * .
    text|null|absent   * secretDetector category type
    text|number|null|absent * severity
    any|absent           path line value details
"""

IMAGE_DETAILS = """
    object             * .
    array|null         * vulnerabilities
    object             * vulnerabilities[]
    array|null|absent  * softwares
    object             * softwares[]
    text|null          * softwares[].name softwares[].version
    text|null|absent   * softwares[].fixVersion
    array|null|absent  * softwares[].vulnerabilities
    object             * softwares[].vulnerabilities[]
    number             * softwares[].vulnerabilities[].qid
    any|absent           softwares[].lifecycle softwares[].packagePath softwares[].scanType
    number|text|null|absent * totalVulnCount totalVulCount
    array|null|absent  * malware secrets
    any|absent           label operatingSystem customerUuid dockerVersion architecture
    any|absent           layers layersCount host users
"""

FLAGS = """
    boolean|null|absent * activeAttacks zeroDay malware ransomware ransomwareExploit cisaKev
    boolean|null|absent * publicExploit easyExploit exploitKit
    array|null|absent   * malwareNames malwareHashes threatActors
    array|null|absent   * publicExploitNames exploitKitNames
    text                * malwareNames[] malwareHashes[] threatActors[]
    text                * publicExploitNames[] exploitKitNames[]
    any|absent            denialOfService highLateralMovement highDataLoss noPatch
    any|absent            wormableExploit predictedHighRisk epssScore epssPercentile
    any|absent            trendingInTheNews trendingSources
"""

# The fields that identify a finding, and its severity.
IDENTITY = """
    object             * .
    number|text        * qid severity
    number|text|null|absent * customerSeverity port
    text|null|absent   * layerSha
    array|null|absent  * software
    object             * software[]
    text|null          * software[].name software[].version
    text|null|absent   * software[].packagePath
"""

FINDING = f"""
    text|null          * typeDetected title
    number|text|null|absent * qdsScore
    text|null|absent   * result software[].fixVersion
    boolean|null|absent * isExempted patchAvailable
    array|null|absent  * cveids
    text               * cveids[]
    any|absent           software[].scanType software[].vulnerabilities software[].lifecycle
    object|null|absent * threatIntel
    {TIME}              firstFound lastFound published
    any|absent           vulnerability status risk category discoveryType authType supportedBy
    any|absent           product vendor cvssInfo cvss3Info scanType vendorData source reason
    any|absent           imageResult containerResult
"""

VULNERABILITIES = """
    object             * .
    array              * details
    absent             * data
    object             * vulnSummary
    any|absent           vulnSummary.patchAvailability
"""

MALWARE_LAYER = """
    text               * layerHash
    number             * layerFilesAnalyzed layerMalwareCount
    any|absent           layerFileName layerMimeType layerCreatedDate createdBy
"""

# A file has no own count, and is read like a layer.
MALWARE_FILE = """
    text|null          * fileName
    number|absent      * layerMalwareCount
    any|absent           layerHash fileHash imageHash fileType createdDate fileSize mimeType
"""

SENSOR = f"""
    text               * sensorType status
    {TIME}            * lastCheckedIn
    {TIME}              created updated
    any|absent           uuid sensorId name sensorVersion vulnSigVersion platform hostname
    any|absent           privileged configurationProfile cluster label
"""
