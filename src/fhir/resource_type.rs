//! Resource types, release by release.

use std::fmt;
use std::sync::LazyLock;

use super::FhirVersion;

/// A concrete resource type of some release, `Patient` for example. `Resource` and `DomainResource` are abstract and
/// no members.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceType(&'static str);

impl ResourceType {
    /// The type of that name in a release, compared case-sensitively (`http.html#root`); `None` where the release
    /// does not have it.
    #[must_use]
    pub fn parse(version: FhirVersion, name: &str) -> Option<Self> {
        let all = Self::all(version);
        all.binary_search_by(|known| known.0.cmp(name)).ok().map(|at| all[at])
    }

    /// Every concrete type of a release in alphabetical order. DSTU2 is not covered and has none.
    #[must_use]
    pub fn all(version: FhirVersion) -> &'static [Self] {
        type Names = LazyLock<Vec<ResourceType>>;
        fn list(names: &'static str) -> Vec<ResourceType> {
            names.split(' ').map(ResourceType).collect()
        }
        static OF_R4: Names = Names::new(|| list(R4));
        static OF_R4B: Names = Names::new(|| list(R4B));
        static OF_R5: Names = Names::new(|| list(R5));
        static OF_R6: Names = Names::new(|| list(R6));
        match version {
            FhirVersion::Dstu2 => &[],
            FhirVersion::R4 => &OF_R4,
            FhirVersion::R4B => &OF_R4B,
            FhirVersion::R5 => &OF_R5,
            FhirVersion::R6 => &OF_R6,
        }
    }

    /// The name as it stands in URLs and in `resourceType`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for ResourceType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.0)
    }
}

// From the discriminator of HL7's fhir.schema.json of each release (R6: 6.0.0-ballot2).
const R4: &str = "\
Account ActivityDefinition AdverseEvent AllergyIntolerance Appointment AppointmentResponse AuditEvent Basic Binary \
BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement CarePlan CareTeam CatalogEntry ChargeItem \
ChargeItemDefinition Claim ClaimResponse ClinicalImpression CodeSystem Communication CommunicationRequest \
CompartmentDefinition Composition ConceptMap Condition Consent Contract Coverage CoverageEligibilityRequest \
CoverageEligibilityResponse DetectedIssue Device DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement \
DiagnosticReport DocumentManifest DocumentReference EffectEvidenceSynthesis Encounter Endpoint EnrollmentRequest \
EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceVariable ExampleScenario ExplanationOfBenefit \
FamilyMemberHistory Flag Goal GraphDefinition Group GuidanceResponse HealthcareService ImagingStudy Immunization \
ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide InsurancePlan Invoice Library Linkage List \
Location Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge \
MedicationRequest MedicationStatement MedicinalProduct MedicinalProductAuthorization \
MedicinalProductContraindication MedicinalProductIndication MedicinalProductIngredient MedicinalProductInteraction \
MedicinalProductManufactured MedicinalProductPackaged MedicinalProductPharmaceutical \
MedicinalProductUndesirableEffect MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionOrder \
Observation ObservationDefinition OperationDefinition OperationOutcome Organization OrganizationAffiliation \
Parameters Patient PaymentNotice PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure \
Provenance Questionnaire QuestionnaireResponse RelatedPerson RequestGroup ResearchDefinition \
ResearchElementDefinition ResearchStudy ResearchSubject RiskAssessment RiskEvidenceSynthesis Schedule \
SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap Subscription \
Substance SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation \
SubstanceSourceMaterial SubstanceSpecification SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport \
TestScript ValueSet VerificationResult VisionPrescription";
const R4B: &str = "\
Account ActivityDefinition AdministrableProductDefinition AdverseEvent AllergyIntolerance Appointment \
AppointmentResponse AuditEvent Basic Binary BiologicallyDerivedProduct BodyStructure Bundle CapabilityStatement \
CarePlan CareTeam CatalogEntry ChargeItem ChargeItemDefinition Citation Claim ClaimResponse ClinicalImpression \
ClinicalUseDefinition CodeSystem Communication CommunicationRequest CompartmentDefinition Composition ConceptMap \
Condition Consent Contract Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device \
DeviceDefinition DeviceMetric DeviceRequest DeviceUseStatement DiagnosticReport DocumentManifest DocumentReference \
Encounter Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceReport \
EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag Goal GraphDefinition Group \
GuidanceResponse HealthcareService ImagingStudy Immunization ImmunizationEvaluation ImmunizationRecommendation \
ImplementationGuide Ingredient InsurancePlan Invoice Library Linkage List Location ManufacturedItemDefinition \
Measure MeasureReport Media Medication MedicationAdministration MedicationDispense MedicationKnowledge \
MedicationRequest MedicationStatement MedicinalProductDefinition MessageDefinition MessageHeader MolecularSequence \
NamingSystem NutritionOrder NutritionProduct Observation ObservationDefinition OperationDefinition OperationOutcome \
Organization OrganizationAffiliation PackagedProductDefinition Parameters Patient PaymentNotice \
PaymentReconciliation Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire \
QuestionnaireResponse RegulatedAuthorization RelatedPerson RequestGroup ResearchDefinition ResearchElementDefinition \
ResearchStudy ResearchSubject RiskAssessment Schedule SearchParameter ServiceRequest Slot Specimen \
SpecimenDefinition StructureDefinition StructureMap Subscription SubscriptionStatus SubscriptionTopic Substance \
SubstanceDefinition SupplyDelivery SupplyRequest Task TerminologyCapabilities TestReport TestScript ValueSet \
VerificationResult VisionPrescription";
const R5: &str = "\
Account ActivityDefinition ActorDefinition AdministrableProductDefinition AdverseEvent AllergyIntolerance \
Appointment AppointmentResponse ArtifactAssessment AuditEvent Basic Binary BiologicallyDerivedProduct \
BiologicallyDerivedProductDispense BodyStructure Bundle CapabilityStatement CarePlan CareTeam ChargeItem \
ChargeItemDefinition Citation Claim ClaimResponse ClinicalImpression ClinicalUseDefinition CodeSystem Communication \
CommunicationRequest CompartmentDefinition Composition ConceptMap Condition ConditionDefinition Consent Contract \
Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceAssociation \
DeviceDefinition DeviceDispense DeviceMetric DeviceRequest DeviceUsage DiagnosticReport DocumentReference Encounter \
EncounterHistory Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence EvidenceReport \
EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag FormularyItem GenomicStudy Goal \
GraphDefinition Group GuidanceResponse HealthcareService ImagingSelection ImagingStudy Immunization \
ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide Ingredient InsurancePlan InventoryItem \
InventoryReport Invoice Library Linkage List Location ManufacturedItemDefinition Measure MeasureReport Medication \
MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement \
MedicinalProductDefinition MessageDefinition MessageHeader MolecularSequence NamingSystem NutritionIntake \
NutritionOrder NutritionProduct Observation ObservationDefinition OperationDefinition OperationOutcome Organization \
OrganizationAffiliation PackagedProductDefinition Parameters Patient PaymentNotice PaymentReconciliation Permission \
Person PlanDefinition Practitioner PractitionerRole Procedure Provenance Questionnaire QuestionnaireResponse \
RegulatedAuthorization RelatedPerson RequestOrchestration Requirements ResearchStudy ResearchSubject RiskAssessment \
Schedule SearchParameter ServiceRequest Slot Specimen SpecimenDefinition StructureDefinition StructureMap \
Subscription SubscriptionStatus SubscriptionTopic Substance SubstanceDefinition SubstanceNucleicAcid \
SubstancePolymer SubstanceProtein SubstanceReferenceInformation SubstanceSourceMaterial SupplyDelivery SupplyRequest \
Task TerminologyCapabilities TestPlan TestReport TestScript Transport ValueSet VerificationResult VisionPrescription";
const R6: &str = "\
Account ActivityDefinition ActorDefinition AdministrableProductDefinition AdverseEvent AllergyIntolerance \
Appointment AppointmentResponse ArtifactAssessment AuditEvent Basic Binary BiologicallyDerivedProduct \
BiologicallyDerivedProductDispense BodyStructure Bundle CapabilityStatement CarePlan CareTeam ChargeItem \
ChargeItemDefinition Citation Claim ClaimResponse ClinicalAssessment ClinicalUseDefinition CodeSystem Communication \
CommunicationRequest CompartmentDefinition Composition ConceptMap Condition ConditionDefinition Consent Contract \
Coverage CoverageEligibilityRequest CoverageEligibilityResponse DetectedIssue Device DeviceAlert DeviceAssociation \
DeviceDefinition DeviceDispense DeviceMetric DeviceRequest DeviceUsage DiagnosticReport DocumentReference Encounter \
EncounterHistory Endpoint EnrollmentRequest EnrollmentResponse EpisodeOfCare EventDefinition Evidence \
EvidenceVariable ExampleScenario ExplanationOfBenefit FamilyMemberHistory Flag FormularyItem GenomicStudy Goal \
GraphDefinition Group GuidanceResponse HealthcareService ImagingSelection ImagingStudy Immunization \
ImmunizationEvaluation ImmunizationRecommendation ImplementationGuide Ingredient InsurancePlan InsuranceProduct \
InventoryItem InventoryReport Invoice Library Linkage List Location ManufacturedItemDefinition Measure MeasureReport \
Medication MedicationAdministration MedicationDispense MedicationKnowledge MedicationRequest MedicationStatement \
MedicinalProductDefinition MessageDefinition MessageHeader MolecularDefinition MolecularSequence NamingSystem \
NutritionIntake NutritionOrder NutritionProduct Observation ObservationDefinition OperationDefinition \
OperationOutcome Organization OrganizationAffiliation PackagedProductDefinition Parameters Patient PaymentNotice \
PaymentReconciliation Permission Person PersonalRelationship PlanDefinition Practitioner PractitionerRole Procedure \
Provenance Questionnaire QuestionnaireResponse RegulatedAuthorization RelatedPerson RequestOrchestration \
Requirements ResearchStudy ResearchSubject RiskAssessment Schedule SearchParameter ServiceRequest Slot Specimen \
SpecimenDefinition StructureDefinition StructureMap Subscription SubscriptionStatus SubscriptionTopic Substance \
SubstanceDefinition SubstanceNucleicAcid SubstancePolymer SubstanceProtein SubstanceReferenceInformation \
SubstanceSourceMaterial SupplyDelivery SupplyRequest Task TerminologyCapabilities TestPlan TestReport TestScript \
Transport ValueSet VerificationResult VisionPrescription";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_release_has_its_own_types_in_order() {
        for (version, count) in [
            (FhirVersion::R4, 146),
            (FhirVersion::R4B, 141),
            (FhirVersion::R5, 158),
            (FhirVersion::R6, 161),
        ] {
            let all = ResourceType::all(version);
            assert_eq!(all.len(), count, "{version}");
            assert!(all.windows(2).all(|pair| pair[0] < pair[1]), "{version} is sorted");
            assert_eq!(
                ResourceType::parse(version, "Patient").map(ResourceType::name),
                Some("Patient")
            );
            for unknown in ["patient", "Resource", "DomainResource", "", "Patient ", "Patients"] {
                assert_eq!(ResourceType::parse(version, unknown), None, "{unknown}");
            }
        }
        assert!(ResourceType::parse(FhirVersion::R4, "Media").is_some());
        assert!(ResourceType::parse(FhirVersion::R5, "Media").is_none());
        assert!(ResourceType::all(FhirVersion::Dstu2).is_empty());
    }
}
