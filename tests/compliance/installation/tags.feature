Feature: Everything can be attributed
  Whoever pays for it, or is asked about it, must be able to find its owner.

  Scenario: What can have tags has them
    Given I have resource that supports tags defined
    Then it must contain tags
    And its value must not be null
